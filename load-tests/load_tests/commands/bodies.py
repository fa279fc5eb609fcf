"""``python -m load_tests bodies``."""

import argparse
from pathlib import Path

from load_tests import bodies, flights, oracle, servers
from load_tests.commands.options import Commands, name, positive
from load_tests.commands.options import add as add_command
from load_tests.paths import WRK_BODIES
from model_files import package


def add(commands: Commands) -> None:
    """Add its parser."""
    one = add_command(commands, "bodies", run, "write a file of bodies for wrk/predict.lua")
    one.add_argument("--out", type=Path, default=WRK_BODIES, help="(default: load-tests/wrk/flights.jsonl)")
    one.add_argument("--model", default=servers.DEFAULT_MODEL, help="(default: %(default)s)")
    one.add_argument("--rows", type=positive, default=1, help="of each body (default: %(default)s)")
    one.add_argument(
        "--count", type=positive, default=bodies.DIFFERENT, help="of different bodies (default: %(default)s)"
    )
    one.add_argument("--layout", choices=("object", "array"), default="object", help="(default: %(default)s)")
    one.add_argument("--seed", type=int, default=bodies.SEED, help="(default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Write it."""
    manifest = package.read(oracle.newest(options.models, options.model)).manifest
    drawn = bodies.batches(flights.read(), manifest, rows=options.rows, count=options.count, seed=options.seed)
    content = bodies.lines(bodies.encode(rows, layout=options.layout) for rows in drawn)
    name([bodies.write(options.out, content)])
    return 0
