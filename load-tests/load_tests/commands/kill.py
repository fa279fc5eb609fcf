"""``python -m load_tests kill``."""

import argparse

from load_tests import bodies, chaos, tables
from load_tests.commands.options import Commands, positive, progress, say, tell
from load_tests.commands.options import add as add_command


def add(commands: Commands) -> None:
    """Add its parser."""
    one = add_command(
        commands, "kill", run, "SIGKILL and SIGTERM under load: no answered prediction lost, no request failed"
    )
    one.add_argument("--rounds", type=positive, default=10, help="of each signal (default: %(default)s)")
    one.add_argument("--seconds", type=float, default=2.0, help="of load before the signal (default: %(default)s)")
    one.add_argument("--connections", type=positive, default=8, help="keep-alive connections (default: %(default)s)")
    one.add_argument("--seed", type=int, default=bodies.SEED, help="(default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Run it; 1 when something was wrong."""
    chosen = chaos.Options(
        rounds=options.rounds,
        connections=options.connections,
        seconds=options.seconds,
        models=options.models,
        scratch=options.scratch,
        seed=options.seed,
    )
    rounds = chaos.run(
        chosen,
        lambda one: progress(f"{one.signal} {one.number}/{chosen.rounds}: {one.answered:,} answered, {one.lost} lost"),
    )
    say(tables.text(*chaos.table(rounds)))
    problems = [f"{one.signal}, round {one.number}: {problem}" for one in rounds for problem in one.problems]
    tell(problems)
    return 1 if problems else 0
