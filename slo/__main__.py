"""``python -m slo``: validate the specs, generate what is made of them, and tell how the objectives stand."""

import argparse
import sys
import urllib.request
from decimal import Decimal
from pathlib import Path

from slo import status
from slo.burn import Windows
from slo.contract import missing, read_exposition
from slo.generated import Stale, files, require_fresh, write
from slo.reading import SpecError, read_specs
from slo.spec import Spec
from slo.status import StatusError

ROOM = Path(__file__).parent


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0, or 1 with what is wrong on standard error."""
    options = _parser().parse_args(arguments)
    try:
        windows = Windows.read(ROOM / "burn-windows.yaml")
        specs = read_specs(ROOM / "specs", windows)
        if options.command == "status":
            return _status(specs, options)
        made = files(specs, windows)
        if options.command == "generate":
            for path in write(made, ROOM / "generated"):
                print(f"wrote {path}")
        elif options.command == "check":
            require_fresh(made, ROOM / "generated")
            if options.metrics and (complaints := list(missing(specs, _exposed(options.metrics)))):
                print("\n".join(complaints), file=sys.stderr)
                return 1
    except (SpecError, Stale, StatusError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(specs)} objectives, all well")
    return 0


def _status(specs: tuple[Spec, ...], options: argparse.Namespace) -> int:
    found = status.statuses(specs, status.prometheus(options.prometheus))
    if options.json:
        print(status.document(found))
    else:
        lines = [status.HEAD, *status.rows(found)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(status.HEAD))]
        for line in lines:
            print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    return 0 if status.allows_release(found, options.least / 100) else 1


def _exposed(urls: list[str]) -> dict[str, dict[str, frozenset[str]]]:
    texts = []
    for url in urls:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - the address is the caller's own
            texts.append(str(answer.read(), "utf-8"))
    return {name: dict(labels) for name, labels in read_exposition(texts).items()}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m slo", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("validate", help="read the specs, and tell every mistake with file, line and field")
    commands.add_parser("generate", help="write the rules and their tests anew")
    check = commands.add_parser("check", help="hold what is committed to the specs, and the specs to running parts")
    check.add_argument(
        "--metrics", metavar="URL", nargs="*", default=[], help="where parts expose what the objectives are measured by"
    )
    stand = commands.add_parser("status", help="how the objectives stand; exit code 1 where a release has to wait")
    stand.add_argument("--prometheus", metavar="URL", default="http://127.0.0.1:9090", help="(default: %(default)s)")
    stand.add_argument("--json", action="store_true", help="as JSON, for programs")
    stand.add_argument(
        "--least",
        type=Decimal,
        default=Decimal(0),
        metavar="PERCENT",
        help="of every budget that has to be left (default: 0)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
