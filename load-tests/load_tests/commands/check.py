"""``python -m load_tests check``."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from load_tests import baseline, check, machine, tables
from load_tests.baseline import Baseline
from load_tests.commands.options import Commands, name, positive, progress, say, tell
from load_tests.commands.options import add as add_command
from load_tests.paths import RESULTS

BASELINE = RESULTS / "baseline.json"


def add(commands: Commands) -> None:
    """Add its parser."""
    one = add_command(commands, "check", run, "is it slower than the baseline, whatever the machine? a minute")
    one.add_argument("--rounds", type=positive, default=5, help="interleaved rounds (default: %(default)s)")
    one.add_argument("--seconds", type=positive, default=2, help="of each measurement (default: %(default)s)")
    one.add_argument("--connections", type=positive, default=32, help="keep-alive connections (default: %(default)s)")
    one.add_argument("--only", action="append", default=[], choices=check.PATHS, help="this path; repeatable")
    one.add_argument(
        "--bound",
        type=float,
        default=0.25,
        help="by which part CPU may have grown; time by twice (default: %(default)s)",
    )
    one.add_argument("--baseline", type=Path, default=BASELINE, help="(default: load-tests/results/baseline.json)")
    one.add_argument("--update", action="store_true", help="write the baseline instead of comparing with it")
    one.add_argument("--strict", action="store_true", help="exit with 1 after a regression; without it, only say so")
    one.add_argument("--out", type=Path, help="folder for check.json and check.md (default: none are written)")


def run(options: argparse.Namespace) -> int:
    """Run it; 1 when an answer was wrong, and with ``--strict`` when something has become slower than it may."""
    known = None if options.update else baseline.read(options.baseline)
    chosen = check.Options(
        rounds=options.rounds,
        seconds=options.seconds,
        connections=options.connections,
        paths=tuple(options.only) or check.PATHS,
        models=options.models,
        scratch=options.scratch,
    )
    about = machine.describe()
    found = check.measure(chosen, progress)
    tell(found.problems)
    if found.problems:
        return 1
    if known is None:
        name([baseline.write(Baseline(found.costs, about), options.baseline)])
        return 0
    changes = baseline.changes(known, found.spreads, options.bound)
    say(tables.text(baseline.HEAD, baseline.rows(changes)))
    say(baseline.verdict(changes))
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        paths = [options.out / f"check.{suffix}" for suffix in ("json", "md")]
        document = {"machine": about, "verdict": baseline.verdict(changes), **asdict(found)}
        paths[0].write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        paths[1].write_text(baseline.page(changes, known, about), encoding="utf-8")
        name(paths)
    return 1 if options.strict and any(one.is_regression for one in changes) else 0
