"""``python -m monitoring.volumes``: measure what a run costs by volume, and write the results anew."""

import argparse
import sys
import time
from pathlib import Path

import msgspec

from monitoring.files import write_bytes
from monitoring.volumes import machine, plot, report
from monitoring.volumes.ladder import ROWS, Ladder
from monitoring.volumes.traffic import DAY
from monitoring.watched import WatchedError, read

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "monitoring/results"


def main(arguments: list[str]) -> int:
    """Measure and write; 0, or 1 where the model can't be read."""
    options = _parser().parse_args(arguments)
    began = time.monotonic()

    def progress(what: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {what}", file=sys.stderr, flush=True)

    try:
        watched = read(options.models / "flight-delay/1")
    except WatchedError as error:
        print(error, file=sys.stderr)
        return 1
    there = machine.describe(arguments)
    volumes = [rows for rows in ROWS if rows <= options.rows]
    ladder = Ladder(watched, options.models, options.days * DAY, options.scratch, progress)
    lines = list(ladder.climb(volumes))
    options.write.mkdir(parents=True, exist_ok=True)
    document = msgspec.json.format(
        msgspec.json.encode({"machine": there, "days": options.days, "lines": lines}), indent=2
    )
    write_bytes(options.write / "volumes.json", document + b"\n")
    write_bytes(options.write / "volumes.md", report.page(lines, there, options.days).encode())
    plot.draw(lines, there, options.write / "volumes.png")
    print(f"written to {options.write}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m monitoring.volumes", description=__doc__)
    parser.add_argument(
        "--rows", type=_rows, default=ROWS[-1], metavar="N", help="the largest volume, from 10,000 (100,000,000)"
    )
    parser.add_argument("--days", type=int, default=28, help="over which the predictions are spread (28)")
    parser.add_argument("--models", type=Path, default=ROOT / "model-files", help="folder of the model packages")
    parser.add_argument("--scratch", type=Path, help="folder in which logs are made and deleted: 3 GB (the system's)")
    parser.add_argument("--write", type=Path, default=RESULTS, help="folder of the results")
    return parser


def _rows(text: str) -> int:
    rows = int(text.replace(",", "").replace("_", ""))
    if rows < ROWS[0]:
        raise argparse.ArgumentTypeError(f"{text}, expected {ROWS[0]:,} or more")
    return rows


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
