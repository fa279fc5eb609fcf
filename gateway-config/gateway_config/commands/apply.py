"""``python -m gateway_config apply``: what a running gateway shall do from now on."""

import argparse
from typing import TextIO

from gateway_config.envoy.instances import find_instances
from gateway_config.local import LocalGateway
from gateway_config.settings import Settings, SettingsError


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the command's arguments."""
    apply = commands.add_parser(
        "apply", help="have the running gateway take over the policy, or other instances, without losing a request"
    )
    apply.add_argument(
        "--backends", metavar="HOST:PORT,...", help="the instances that shall answer from now on, once they are ready"
    )


def run_apply(options: argparse.Namespace, settings: Settings, out: TextIO) -> None:
    """Apply the policy and the keys as they are now, and swap the instances if others are given.

    Raises:
        ReloadError: if the gateway does not take it over; all stays as it was then.
        EnvoyError, PolicyError, KeyStoreError, SettingsError: if that can't be applied as it is; nothing changes then.
    """
    try:
        backends = find_instances(options.backends or "")
    except ValueError as error:
        raise SettingsError(f"--backends: {error}") from error
    gateway = LocalGateway.open(settings)
    taken = gateway.apply()
    print(f"taken over  {', '.join(taken) or 'nothing: all is as it was'}", file=out)
    if backends:
        gateway.swap(backends)
        print(f"instances   {', '.join(map(str, backends))}", file=out)
    for field in gateway.outdated():
        print(f"not yet     environments.local.{field}: only a new start takes it over", file=out)
    if not gateway.running:
        print(f"no gateway answers at {gateway.site.admin}: what was written is for the next start", file=out)
