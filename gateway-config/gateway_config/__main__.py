"""``python -m gateway_config``: check the policy, render what the local gateway reads, make keys."""

import argparse
import os
import sys
from collections.abc import Mapping
from typing import TextIO

from gateway_config.envoy import EnvoyError
from gateway_config.keys import KeyStoreError
from gateway_config.local import LocalGateway
from gateway_config.reading import PolicyError
from gateway_config.settings import Settings, SettingsError, describe, read_settings


def run(arguments: list[str], environment: Mapping[str, str], out: TextIO, err: TextIO) -> int:
    """Run one command; the exit code is 0, or 1 with what is wrong on ``err``."""
    options = _parser().parse_args(arguments)
    if options.command == "settings":
        for variable, default, text in describe(Settings):
            print(f"{variable:26} {default or '-':28} {text}", file=out)
        return 0
    try:
        gateway = LocalGateway.open(read_settings(Settings, environment))
        if options.command == "check":
            gateway.check()
            _summarize(gateway, out)
        elif options.command == "render":
            gateway.write()
            print(f"written to {gateway.folder}; run it with", file=out)
            print(" ".join(gateway.command), file=out)
        else:
            key = gateway.new_key(options.client)
            print(f"The key of {options.client}, shown this once; only its hash is kept:", file=err)
            print(key, file=out)
    except (PolicyError, KeyStoreError, EnvoyError, SettingsError, OSError) as error:
        print(error, file=err)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gateway_config", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="check the policy, and let Envoy check what is rendered from it")
    commands.add_parser("render", help="write the files that the local gateway reads")
    commands.add_parser("settings", help="list every setting, its default and what it does")
    keys = commands.add_parser("keys", help="manage the keys of this machine")
    new = keys.add_subparsers(dest="action", required=True).add_parser("new", help="make a key and show it once")
    new.add_argument("client", metavar="CLIENT", help="a client of the policy")
    return parser


def _summarize(gateway: LocalGateway, out: TextIO) -> None:
    operations = gateway.policy.operations.values()
    keyed = sum(operation.keyed for operation in operations)
    print(f"operations  {keyed} with a key, {len(operations) - keyed} public", file=out)
    keys = gateway.store.read()
    for name, client in gateway.policy.clients.items():
        count = sum(key.client == name for key in keys)
        granted = "all operations" if client.operations == "all" else ", ".join(client.operations)
        print(f"client      {name}: {granted}; from {', '.join(client.cidrs)}; keys: {count}", file=out)
    for name in sorted({key.client for key in keys} - set(gateway.policy.clients)):
        print(f"left out    the keys of {name}, who is no client of the policy", file=out)
    print("Envoy accepts what is rendered from it.", file=out)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], os.environ, sys.stdout, sys.stderr))
