"""``python -m load_tests benchmark``."""

import argparse

from load_tests import benchmark, contenders, machine, report
from load_tests.commands.options import Commands, add_out, name, positive, progress, say
from load_tests.commands.options import add as add_command


def add(commands: Commands) -> None:
    """Add its parser."""
    one = add_command(commands, "benchmark", run, "speed of the service beside its bare-ASGI ceiling")
    one.add_argument("--seconds", type=positive, default=10, help="of each measurement (default: %(default)s)")
    one.add_argument("--rounds", type=positive, default=3, help="interleaved rounds (default: %(default)s)")
    one.add_argument("--connections", type=positive, default=32, help="keep-alive connections (default: %(default)s)")
    one.add_argument(
        "--only",
        action="append",
        default=[],
        choices=[c.key for c in contenders.CONTENDERS],
        help="measure this one, with its ceiling; repeatable",
    )
    add_out(one)


def run(options: argparse.Namespace) -> int:
    """Run it; 1 when something was wrong."""
    chosen = benchmark.Options(
        seconds=options.seconds,
        rounds=options.rounds,
        connections=options.connections,
        contenders=contenders.choose(tuple(options.only)),
        models=options.models,
        scratch=options.scratch,
    )
    about = machine.describe()
    result = benchmark.Benchmark(chosen, progress).run()
    say(report.text(result))
    name(report.write(result, about, options.out))
    return 1 if result.problems else 0
