"""``python -m load_tests fuzz``."""

import argparse

from load_tests import bodies, fuzz, tables
from load_tests.commands.options import Commands, positive, progress, say, tell
from load_tests.commands.options import add as add_command


def add(commands: Commands) -> None:
    """Add its parser."""
    one = add_command(commands, "fuzz", run, "random requests: no 5xx, no broken connection, no growth")
    one.add_argument("--bodies", type=positive, default=1_000_000, help="how many (default: %(default)s)")
    one.add_argument("--connections", type=positive, default=16, help="keep-alive connections (default: %(default)s)")
    one.add_argument("--seed", type=int, default=bodies.SEED, help="(default: %(default)s)")
    one.add_argument("--case", type=int, help="send only the case of this number")


def run(options: argparse.Namespace) -> int:
    """Run it; 1 when something was wrong."""
    chosen = fuzz.Options(
        requests=options.bodies,
        connections=options.connections,
        seed=options.seed,
        only=options.case,
        models=options.models,
        scratch=options.scratch,
    )
    storm = fuzz.run(chosen, progress)
    say(tables.text(*fuzz.table(storm)))
    say(fuzz.summary(storm, chosen.seed))
    tell(storm.problems)
    if storm.failed:
        say(f"{storm.failed:,} failures; send one case again with --seed {chosen.seed} --case NUMBER")
    return 1 if storm.failed else 0
