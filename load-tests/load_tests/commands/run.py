"""``python -m load_tests run SCENARIO``."""

import argparse
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from load_tests import machine
from load_tests.bodies import BodyError
from load_tests.commands.options import Commands, name, positive, progress, say
from load_tests.commands.options import add as add_command
from load_tests.flights import FlightsError
from load_tests.open_loop import OpenLoopError
from load_tests.oracle import OracleError
from load_tests.paths import RESULTS
from load_tests.processes import ProcessError
from load_tests.scenarios import judging, objectives, report, scenario
from load_tests.scenarios.objectives import GateError
from load_tests.scenarios.prometheus import PrometheusError
from load_tests.scenarios.running import Runner
from load_tests.scenarios.scenario import Scenario, ScenarioError
from load_tests.scenarios.target import Target, TargetError, deployed, platform
from load_tests.wrk import WrkError
from model_files.package import PackageError

COULD_NOT_RUN = 2
MISTAKES = (
    BodyError, FlightsError, GateError, OpenLoopError, OracleError, PackageError, ProcessError, PrometheusError,
    ScenarioError, TargetError, WrkError,
)  # fmt: skip


def add(commands: Commands) -> None:
    """Add its parser."""
    one = add_command(
        commands,
        "run",
        run,
        "a scenario on the whole platform: does it hold its objectives? 0 it does, 1 not, 2 could not run",
    )
    one.add_argument(
        "scenario", help=f"one of {', '.join(scenario.names())}, or a file (*.yaml); load-tests/scenarios holds them"
    )
    one.add_argument("--url", help="load this instead, http(s)://host[:port]; nothing is started")
    one.add_argument("--key-file", type=Path, help="file with the API key for --url")
    one.add_argument("--prometheus", help="URL of the Prometheus that watches --url")
    one.add_argument(
        "--knee", type=positive, help="requests/s that a scenario's share is of (default: the last ramp's)"
    )
    one.add_argument(
        "--out",
        type=Path,
        default=RESULTS / "scenarios",
        help="folder of the results (default: load-tests/results/scenarios)",
    )


def run(options: argparse.Namespace) -> int:
    """Run it."""
    try:
        chosen = scenario.find(options.scenario)
        knee = _knee(chosen, options)
        gates = objectives.read_gates()
        about = machine.describe()
        with tempfile.TemporaryDirectory(prefix="puerta-run-", dir=options.scratch) as place:
            folder = Path(place)
            with _target(options, folder) as target:
                runner = Runner(
                    chosen, target, progress, models=options.models, folder=folder, gates=gates, knee_rate=knee
                )
                done = runner.run()
    except MISTAKES as error:
        progress(f"error: {error}")
        return COULD_NOT_RUN
    checks = judging.judge(done)
    say(report.text(done, checks))
    name(report.write(done, checks, about, options.out))
    return 0 if judging.verdict(checks) else 1


@contextmanager
def _target(options: argparse.Namespace, folder: Path) -> Iterator[Target]:
    if options.url:
        yield deployed(options.url, options.key_file, options.prometheus)
        return
    if options.key_file or options.prometheus:
        raise TargetError("--key-file and --prometheus go with --url: what is started here has its own")
    progress("starting the platform")
    with platform(folder, options.models.absolute()) as target:
        yield target


def _knee(chosen: Scenario, options: argparse.Namespace) -> float | None:
    if not chosen.knee_wanted:
        return None
    if options.knee:
        return float(options.knee)
    path = options.out / "ramp.json"
    try:
        rate = json.loads(path.read_text(encoding="utf-8"))["knee"]["rate"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ScenarioError(
            f"{chosen.name} runs at a part of the knee: --knee RATE, or `run ramp` first ({path})"
        ) from error
    if rate is None:
        raise ScenarioError(f"{path}: no step of the ramp held, so there is no knee; --knee RATE says one")
    return float(rate)
