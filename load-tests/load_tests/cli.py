"""The command line: ``python -m load_tests COMMAND``."""

import argparse
import sys
from collections.abc import Callable

from gateway_config.envoy.program import EnvoyError
from load_tests.baseline import BaselineError
from load_tests.bodies import BodyError
from load_tests.commands import COMMANDS
from load_tests.comparison import GatewayError
from load_tests.deployed import DeployedError
from load_tests.flights import FlightsError
from load_tests.locust import LocustError
from load_tests.open_loop import OpenLoopError
from load_tests.oracle import OracleError
from load_tests.peers.environments import InstallError
from load_tests.processes import ProcessError
from load_tests.wrk import WrkError
from model_files.package import PackageError

MISTAKES = (
    BaselineError,
    BodyError,
    DeployedError,
    EnvoyError,
    FlightsError,
    GatewayError,
    InstallError,
    LocustError,
    OpenLoopError,
    OracleError,
    PackageError,
    ProcessError,
    WrkError,
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 when all was well, 1 when something was wrong, 2 for a mistake in the command itself."""
    parser = argparse.ArgumentParser(prog="python -m load_tests", description="Load tests and benchmarks of Puerta.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in COMMANDS:
        module.add(commands)
    options = parser.parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.run
    try:
        return command(options)
    except MISTAKES as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
