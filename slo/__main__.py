"""``python -m slo``: validate the specs, and generate what is made of them."""

import argparse
import sys
from pathlib import Path

from slo.burn import Windows
from slo.generated import Stale, files, require_fresh, write
from slo.reading import SpecError, read_specs

ROOM = Path(__file__).parent


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0, or 1 with what is wrong on standard error."""
    parser = argparse.ArgumentParser(prog="python -m slo", description=__doc__)
    parser.add_argument("command", choices=["validate", "generate", "check"])
    options = parser.parse_args(arguments)
    windows = Windows.read(ROOM / "burn-windows.yaml")
    try:
        specs = read_specs(ROOM / "specs", windows)
        made = files(specs, windows)
        if options.command == "generate":
            for path in write(made, ROOM / "generated"):
                print(f"wrote {path}")
        elif options.command == "check":
            require_fresh(made, ROOM / "generated")
    except (SpecError, Stale, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(specs)} objectives, all well")
    return 0


if __name__ == "__main__":
    sys.exit(main())
