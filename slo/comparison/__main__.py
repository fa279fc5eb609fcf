"""``python -m slo.comparison``: compare, and write ``results.md`` anew."""

import argparse
import shutil
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from slo.burn import Windows
from slo.comparison import sloth
from slo.comparison.contest import Verdict, verdicts
from slo.comparison.promtool import PromtoolError, version
from slo.comparison.report import report
from slo.comparison.scenarios import Scenario, scenarios

ROOM = Path(__file__).parents[1]
RESULTS = Path(__file__).with_name("results.md")


def main(arguments: list[str] | None = None) -> int:
    """Compare, or hold our idea of Sloth's rules to its own; 0, or 1 with what is wrong on standard error."""
    options = _parser().parse_args(arguments)
    if options.published is not None:
        return _hold_to(options.published)
    program = shutil.which("promtool")
    if program is None:
        print("promtool is missing: apt install prometheus", file=sys.stderr)
        return 1
    try:
        RESULTS.write_text(report(compare(program), version(program)), encoding="utf-8")
    except PromtoolError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"wrote {RESULTS}")
    return 0


def compare(program: str) -> Mapping[Scenario, Mapping[str, Verdict]]:
    """Every scenario through every set of rules, with a promtool.

    Raises:
        PromtoolError: if promtool did not evaluate one.
    """
    windows = Windows.read(ROOM / "burn-windows.yaml")
    compared = scenarios()
    with ThreadPoolExecutor(max_workers=2) as pool:  # each waits for a promtool
        found = pool.map(lambda scenario: verdicts(scenario, ROOM, windows, program), compared)
        return dict(zip(compared, found, strict=True))


def _hold_to(path: Path) -> int:
    ours = sloth.told(sloth.groups(sloth.example()))
    theirs = sloth.told_by_file(yaml.safe_load(path.read_text(encoding="utf-8")))
    for rule in theirs:
        if rule not in ours:
            print(f"only in {path}: {rule}", file=sys.stderr)
    for rule in ours:
        if rule not in theirs:
            print(f"not in {path}: {rule}", file=sys.stderr)
    if ours != theirs:
        return 1
    print(f"{len(ours)} rules, all the same; {sloth.digest(theirs)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m slo.comparison", description=__doc__)
    parser.add_argument(
        "--published",
        type=Path,
        metavar="FILE",
        help="compare nothing; hold the rules that are used as Sloth's to a file that Sloth made of the same example",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
