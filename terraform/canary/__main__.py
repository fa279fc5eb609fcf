"""``python -m terraform.canary``: release a new revision on Cloud Run in steps, and take it back when it burns the budgets."""

import argparse
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TextIO

from terraform.canary.budget import budgets
from terraform.canary.cloud_run import CloudRun, GcloudError, NoServiceError
from terraform.canary.gates import GATES, Gate, GateError, read_gates
from terraform.canary.interruption import Interruption
from terraform.canary.judging import LimitError, Limits, Watch
from terraform.canary.kept import Kept
from terraform.canary.prometheus import Prometheus, PrometheusError, managed
from terraform.canary.rollout import RolledBack, Rollout, RolloutError, Steps, StuckError, give_back, pin

DONE, REFUSED, COULD_NOT, STUCK = range(4)
_BUDGET_SECONDS = 30.0  # a month of metrics takes a while to count, and no traffic waits for it
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def main(arguments: list[str] | None = None) -> int:
    """Run one command: 0 done, 1 taken back or held back, 2 it could not begin, 3 the traffic is split and stays so."""
    options = _parser().parse_args(arguments)
    service = CloudRun(options.project, options.region, options.service)
    try:
        if options.command == "pin":
            pin(service, _say)
        elif options.command == "back":
            give_back(service, _say)
        elif options.command == "budget":
            return _budget(service, options)
        else:
            _run(service, options)
    except NoServiceError as error:
        if options.command != "pin":
            return _told(error, COULD_NOT)
        _say(f"no service {options.service} yet: its first revision will serve all")
    except RolledBack as reason:
        return _told(f"taken back: {reason}", REFUSED)
    except StuckError as error:
        return _told(error, STUCK)
    except (GateError, GcloudError, LimitError, PrometheusError, RolloutError) as error:
        return _told(error, COULD_NOT)
    return DONE


def _run(service: CloudRun, options: argparse.Namespace) -> None:
    gates = read_gates(options.gates)
    limits = Limits(options.events, options.failures, options.burn)
    limits.hold(gates)
    watch = Watch(_prometheus(service, options).value, gates, options.service)
    steps = Steps(options.steps, options.least, options.most, options.look)
    with _interruptions() as interrupted:
        Rollout(service, watch.sights, steps, limits, _say, interrupted).run()


def _budget(service: CloudRun, options: argparse.Namespace) -> int:
    gates: tuple[Gate, ...] = read_gates(options.gates)
    found = budgets(gates, _prometheus(service, options, _BUDGET_SECONDS).value, options.service, options.window)
    for one in found:
        _say(f"{one.gate.name}: {'not measured' if one.left is None else f'{one.left:.1%} left'}")
    refused = [words for one in found if (words := one.refusal(options.least / 100))]
    return _told("a release has to wait:\n  " + "\n  ".join(refused), REFUSED) if refused else DONE


def _prometheus(service: CloudRun, options: argparse.Namespace, timeout: float = Prometheus.timeout) -> Prometheus:
    return Prometheus(options.prometheus or managed(options.project), Kept(service.token), timeout)


@contextmanager
def _interruptions() -> Iterator[Interruption]:
    """What SIGTERM and SIGINT set: a step ends at once, and takes back what it gave."""
    interrupted = Interruption()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        interrupted.set()

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(words: str) -> None:
    _print(words, sys.stdout)


def _told(words: object, code: int) -> int:
    _print(words, sys.stderr)
    return code


def _print(words: object, stream: TextIO) -> None:
    """Print it; where nobody reads any more, neither that nor what comes later counts, and the exit code stays right."""
    try:
        print(words, file=stream, flush=True)
    except OSError:
        with suppress(OSError), Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())


def _seconds(text: str) -> int:
    found = re.fullmatch(r"([1-9][0-9]*)([smhd])", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} came, expected a duration such as 90s, 10m, 1h or 30d")
    return int(found[1]) * _UNITS[found[2]]


def _steps(text: str) -> tuple[int, ...]:
    try:
        found = tuple(int(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not found or list(found) != sorted(set(found)) or found[0] < 1 or found[-1] != 100:  # noqa: PLR2004 - all of it
        raise argparse.ArgumentTypeError(f"{text!r} came, expected rising percents that end with 100, such as 5,25,100")
    return found


def _above_zero(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} came, expected a number above 0")
    return found


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]*", text):
        raise argparse.ArgumentTypeError(f"{text!r} came, expected a whole number above 0")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m terraform.canary", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument("--project", required=True, help="id of the project")
    where.add_argument("--region", required=True, help="region of the service")
    where.add_argument("--service", default="puerta", help="its name (default: %(default)s)")
    asked = argparse.ArgumentParser(add_help=False)
    asked.add_argument("--prometheus", metavar="URL", help="(default: Managed Prometheus of the project)")
    asked.add_argument("--gates", metavar="FILE", type=Path, default=GATES, help="(default: slo/generated/gates.json)")
    commands.add_parser("pin", parents=[where], help="before a deployment: who serves now does so by name")
    run = commands.add_parser("run", parents=[where, asked], help="release the newest revision; SIGTERM takes it back")
    steps, limits = Steps(), Limits()
    run.add_argument("--steps", type=_steps, default=steps.shares, metavar="PERCENTS", help="(default: 5,25,100)")
    run.add_argument("--least", type=_seconds, default=steps.least, metavar="TIME", help="of a step (default: 10m)")
    run.add_argument("--most", type=_seconds, default=steps.most, metavar="TIME", help="of a step (default: 1h)")
    run.add_argument("--look", type=_seconds, default=steps.look, metavar="TIME", help="between looks (default: 30s)")
    run.add_argument("--burn", type=_above_zero, default=limits.burn, help="back above it (default: %(default)g)")
    run.add_argument("--events", type=_count, default=limits.events, help="to judge by (default: %(default)s)")
    run.add_argument("--failures", type=_count, default=limits.failures, help="fewer are chance (default: %(default)s)")
    commands.add_parser("back", parents=[where], help="take a release back that was left in the middle")
    budget = commands.add_parser(
        "budget", parents=[where, asked], help="what is left of the budgets; 1 where a release has to wait"
    )
    budget.add_argument("--window", type=_seconds, default=30 * 86_400, metavar="TIME", help="(default: 30d)")
    budget.add_argument("--least", type=float, default=0.0, metavar="PERCENT", help="that has to be left (default: 0)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
