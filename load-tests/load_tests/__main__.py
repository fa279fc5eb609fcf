"""The command line: ``python -m load_tests COMMAND``."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from load_tests import (
    benchmark,
    bodies,
    chaos,
    comparison,
    contenders,
    flights,
    fuzz,
    gateways,
    machine,
    memory,
    oracle,
    plots,
    report,
    servers,
    tables,
)
from load_tests.bodies import BodyError
from load_tests.comparison import GatewayError
from load_tests.flights import FlightsError
from load_tests.oracle import OracleError
from load_tests.paths import MODELS, RESULTS, WRK_BODIES
from load_tests.processes import ProcessError
from load_tests.wrk import WrkError
from model_files import package
from model_files.package import PackageError

MISTAKES = (BodyError, FlightsError, GatewayError, OracleError, PackageError, ProcessError, WrkError)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 when all was well, 1 when something was wrong, 2 for a mistake in the command itself."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.run
    try:
        return command(options)
    except MISTAKES as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _benchmark(options: argparse.Namespace) -> int:
    chosen = benchmark.Options(
        seconds=options.seconds,
        rounds=options.rounds,
        connections=options.connections,
        contenders=contenders.choose(tuple(options.only)),
        models=options.models,
        scratch=options.scratch,
    )
    about = machine.describe()
    result = benchmark.Benchmark(chosen, _progress).run()
    print(report.text(result))
    _name(report.write(result, about, options.out))
    return 1 if result.problems else 0


def _compare(options: argparse.Namespace) -> int:
    chosen = comparison.Options(
        rounds=options.rounds,
        seconds=options.seconds,
        connections=options.connections,
        ways=gateways.there(gateways.WAYS),
        models=options.models,
        scratch=options.scratch,
    )
    for way in set(gateways.WAYS) - set(chosen.ways):
        _progress(f"left out: {way.title} is not installed (Debian: apt install {way.program})")
    about = machine.describe()
    result = comparison.compare(chosen, _progress)
    print(tables.text(comparison.HEAD, comparison.rows(result)))
    for problem in result.problems:
        print(f"PROBLEM: {problem}")
    _name(comparison.write(result, about, options.out))
    return 1 if result.problems else 0


def _memory(options: argparse.Namespace) -> int:
    chosen = memory.Options(
        requests=options.requests,
        seconds=options.seconds,
        connections=options.connections,
        starts=options.starts,
        models=options.models,
        scratch=options.scratch,
    )
    about = machine.describe()
    measured = memory.measure(chosen, _progress)
    options.out.mkdir(parents=True, exist_ok=True)
    head, rows = memory.table(measured)
    print(tables.text(head, rows))
    for problem in measured.problems:
        print(f"PROBLEM: {problem}")
    paths = [options.out / f"memory.{suffix}" for suffix in ("json", "md", "png")]
    paths[0].write_text(json.dumps({"machine": about, **asdict(measured)}, indent=2) + "\n", encoding="utf-8")
    paths[1].write_text(memory.page(measured, about), encoding="utf-8")
    plots.memory(measured, about, paths[2])
    _name(paths)
    return 1 if measured.problems else 0


def _kill(options: argparse.Namespace) -> int:
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
        lambda one: _progress(f"{one.signal} {one.number}/{chosen.rounds}: {one.answered:,} answered, {one.lost} lost"),
    )
    print(tables.text(*chaos.table(rounds)))
    problems = [f"{one.signal}, round {one.number}: {problem}" for one in rounds for problem in one.problems]
    for problem in problems:
        print(f"PROBLEM: {problem}")
    return 1 if problems else 0


def _fuzz(options: argparse.Namespace) -> int:
    chosen = fuzz.Options(
        requests=options.bodies,
        connections=options.connections,
        seed=options.seed,
        only=options.case,
        models=options.models,
        scratch=options.scratch,
    )
    storm = fuzz.run(chosen, _progress)
    print(tables.text(*fuzz.table(storm)))
    print(fuzz.summary(storm, chosen.seed))
    for problem in storm.problems:
        print(f"PROBLEM: {problem}")
    if storm.failed:
        print(f"{storm.failed:,} failures; send one case again with --seed {chosen.seed} --case NUMBER")
    return 1 if storm.failed else 0


def _bodies(options: argparse.Namespace) -> int:
    manifest = package.read(oracle.newest(options.models, options.model)).manifest
    drawn = bodies.batches(flights.read(), manifest, rows=options.rows, count=options.count, seed=options.seed)
    content = bodies.lines(bodies.encode(rows, layout=options.layout) for rows in drawn)
    _name([bodies.write(options.out, content)])
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m load_tests", description="Load tests and benchmarks of Puerta.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    one = _command(commands, "benchmark", _benchmark, "speed of the service beside its bare-ASGI ceiling")
    one.add_argument("--seconds", type=_positive, default=10, help="of each measurement (default: %(default)s)")
    one.add_argument("--rounds", type=_positive, default=3, help="interleaved rounds (default: %(default)s)")
    one.add_argument("--connections", type=_positive, default=32, help="keep-alive connections (default: %(default)s)")
    one.add_argument(
        "--only",
        action="append",
        default=[],
        choices=[c.key for c in contenders.CONTENDERS],
        help="measure this one, with its ceiling; repeatable",
    )
    one.add_argument("--out", type=Path, default=RESULTS, help="folder of the results (default: load-tests/results)")

    one = _command(
        commands, "compare", _compare, "what the gateway adds: direct, bare routing, the policy, other proxies"
    )
    one.add_argument("--rounds", type=_positive, default=9, help="interleaved rounds (default: %(default)s)")
    one.add_argument("--seconds", type=_positive, default=1, help="of each measurement (default: %(default)s)")
    one.add_argument("--connections", type=_positive, default=32, help="under load (default: %(default)s)")
    one.add_argument("--out", type=Path, default=RESULTS, help="folder of the results (default: load-tests/results)")

    one = _command(commands, "memory", _memory, "resident memory over many requests, and the time to the first answer")
    one.add_argument("--requests", type=_positive, default=1_000_000, help="(default: %(default)s)")
    one.add_argument("--seconds", type=_positive, default=2, help="of load between two samples (default: %(default)s)")
    one.add_argument("--connections", type=_positive, default=32, help="keep-alive connections (default: %(default)s)")
    one.add_argument("--starts", type=_positive, default=7, help="starts whose median is told (default: %(default)s)")
    one.add_argument("--out", type=Path, default=RESULTS, help="folder of the results (default: load-tests/results)")

    one = _command(
        commands, "kill", _kill, "SIGKILL and SIGTERM under load: no answered prediction lost, no request failed"
    )
    one.add_argument("--rounds", type=_positive, default=10, help="of each signal (default: %(default)s)")
    one.add_argument("--seconds", type=float, default=2.0, help="of load before the signal (default: %(default)s)")
    one.add_argument("--connections", type=_positive, default=8, help="keep-alive connections (default: %(default)s)")
    one.add_argument("--seed", type=int, default=bodies.SEED, help="(default: %(default)s)")

    one = _command(commands, "fuzz", _fuzz, "random requests: no 5xx, no broken connection, no growth")
    one.add_argument("--bodies", type=_positive, default=1_000_000, help="how many (default: %(default)s)")
    one.add_argument("--connections", type=_positive, default=16, help="keep-alive connections (default: %(default)s)")
    one.add_argument("--seed", type=int, default=bodies.SEED, help="(default: %(default)s)")
    one.add_argument("--case", type=int, help="send only the case of this number")

    one = _command(commands, "bodies", _bodies, "write a file of bodies for wrk/predict.lua")
    one.add_argument("--out", type=Path, default=WRK_BODIES, help="(default: load-tests/wrk/flights.jsonl)")
    one.add_argument("--model", default=servers.DEFAULT_MODEL, help="(default: %(default)s)")
    one.add_argument("--rows", type=_positive, default=1, help="of each body (default: %(default)s)")
    one.add_argument(
        "--count", type=_positive, default=bodies.DIFFERENT, help="of different bodies (default: %(default)s)"
    )
    one.add_argument("--layout", choices=("object", "array"), default="object", help="(default: %(default)s)")
    one.add_argument("--seed", type=int, default=bodies.SEED, help="(default: %(default)s)")
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace], int],
    purpose: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=purpose, description=purpose)
    parser.set_defaults(run=run)
    parser.add_argument(
        "--models", type=Path, default=MODELS, help="folder of the model packages (default: model-files)"
    )
    parser.add_argument(
        "--scratch", type=Path, help="folder for event logs and other files of the run, removed at its end"
    )
    return parser


def _positive(text: str) -> int:
    if not text.lstrip("-").isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number, expected a whole number, 1 or more")
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is too small, expected 1 or more")
    return number


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _name(paths: list[Path]) -> None:
    for path in paths:
        print(f"wrote {path}")


if __name__ == "__main__":
    sys.exit(main())
