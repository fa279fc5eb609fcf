"""``python -m load_tests memory``."""

import argparse
import json
from dataclasses import asdict

from load_tests import machine, memory, plots, tables
from load_tests.commands.options import Commands, add_out, name, positive, progress, say, tell
from load_tests.commands.options import add as add_command


def add(commands: Commands) -> None:
    """Add its parser."""
    one = add_command(commands, "memory", run, "resident memory over many requests, and the time to the first answer")
    one.add_argument("--requests", type=positive, default=1_000_000, help="(default: %(default)s)")
    one.add_argument("--seconds", type=positive, default=2, help="of load between two samples (default: %(default)s)")
    one.add_argument("--connections", type=positive, default=32, help="keep-alive connections (default: %(default)s)")
    one.add_argument("--starts", type=positive, default=7, help="starts whose median is told (default: %(default)s)")
    add_out(one)


def run(options: argparse.Namespace) -> int:
    """Run it; 1 when something was wrong."""
    chosen = memory.Options(
        requests=options.requests,
        seconds=options.seconds,
        connections=options.connections,
        starts=options.starts,
        models=options.models,
        scratch=options.scratch,
    )
    about = machine.describe()
    measured = memory.measure(chosen, progress)
    options.out.mkdir(parents=True, exist_ok=True)
    say(tables.text(*memory.table(measured)))
    tell(measured.problems)
    paths = [options.out / f"memory.{suffix}" for suffix in ("json", "md", "png")]
    paths[0].write_text(json.dumps({"machine": about, **asdict(measured)}, indent=2) + "\n", encoding="utf-8")
    paths[1].write_text(memory.page(measured, about), encoding="utf-8")
    plots.memory(measured, about, paths[2])
    name(paths)
    return 1 if measured.problems else 0
