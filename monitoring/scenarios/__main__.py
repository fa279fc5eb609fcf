"""``python -m monitoring.scenarios``: let every rule judge windows with a known truth, and write the results anew."""

import argparse
import sys
import time
from pathlib import Path

from monitoring.scenarios import plot, report
from monitoring.scenarios.contest import contest
from monitoring.watched import WatchedError, read

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "monitoring/results"


def main(arguments: list[str] | None = None) -> int:
    """Measure and write; 0, or 1 where the model can't be read."""
    options = _parser().parse_args(arguments)
    began = time.monotonic()

    def progress(what: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {what}", file=sys.stderr, flush=True)

    try:
        watched = read(options.model)
    except WatchedError as error:
        print(error, file=sys.stderr)
        return 1
    lines = list(contest(watched, options.windows, progress=progress))
    options.write.mkdir(parents=True, exist_ok=True)
    (options.write / "scenarios.md").write_text(report.page(lines, options.windows, watched), encoding="utf-8")
    plot.draw(lines, options.write / "scenarios.png")
    print(f"written to {options.write}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m monitoring.scenarios", description=__doc__)
    parser.add_argument("--windows", type=int, default=1000, help="windows of each scenario and size (1000)")
    parser.add_argument("--model", type=Path, default=ROOT / "model-files/flight-delay/1", help="a package's folder")
    parser.add_argument("--write", type=Path, default=RESULTS, help="folder of the results")
    return parser


if __name__ == "__main__":
    sys.exit(main())
