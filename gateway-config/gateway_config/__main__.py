"""``python -m gateway_config``: check the policy, render what the local gateway reads, make keys."""

import argparse
import datetime as dt
import os
import sys
from collections.abc import Mapping
from typing import TextIO

from gateway_config.commands.apply import add_parser as add_apply
from gateway_config.commands.apply import run_apply
from gateway_config.commands.keys import add_parser as add_keys
from gateway_config.commands.keys import run_keys
from gateway_config.commands.metrics import run_metrics
from gateway_config.commands.policy import add_parsers as add_policy
from gateway_config.commands.policy import run_check, run_render
from gateway_config.commands.trials import add_parsers as add_trials
from gateway_config.commands.trials import run_trial
from gateway_config.envoy.program import EnvoyError
from gateway_config.envoy.reloading import ReloadError
from gateway_config.keys.store import KeyStoreError
from gateway_config.local import LocalGateway
from gateway_config.policy.contract import ContractError
from gateway_config.policy.reading import PolicyError
from gateway_config.settings import Settings, SettingsError, describe, read_settings


def run(
    arguments: list[str], environment: Mapping[str, str], out: TextIO, err: TextIO, stdin: TextIO | None = None
) -> int:
    """Run one command; the exit code is 0, or 1 with what is wrong on ``err``."""
    options = _parser().parse_args(arguments)
    if options.command == "settings":
        for variable, default, text in describe(Settings):
            print(f"{variable:26} {default or '-':28} {text}", file=out)
        return 0
    try:
        if options.command in ("conformance", "storm"):
            return run_trial(options, out)
        settings = read_settings(Settings, environment)
        if options.command == "check":
            run_check(settings, dt.datetime.now(dt.UTC).date(), out, err)
        elif options.command == "render":
            run_render(settings, options.what, check=options.check, out=out)
        elif options.command == "metrics":
            run_metrics(settings)
        elif options.command == "apply":
            run_apply(options, settings, out)
        else:
            return run_keys(options, LocalGateway.open(settings), stdin or sys.stdin, out, err)
    except (PolicyError, ContractError, KeyStoreError, EnvoyError, ReloadError, SettingsError, OSError) as error:
        print(error, file=err)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gateway_config", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    add_policy(commands)
    add_apply(commands)
    commands.add_parser("metrics", help="serve the gateway's metrics, told from its access log, until SIGTERM")
    commands.add_parser("settings", help="list every setting, its default and what it does")
    add_keys(commands)
    add_trials(commands)
    return parser


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], os.environ, sys.stdout, sys.stderr))
