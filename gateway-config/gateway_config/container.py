"""``python -m gateway_config.container POLICY``: the gateway as the one program of a container.

It renders what Envoy reads for the service's instances, found by name; makes the demo client's key where there is
none; runs Envoy; and drains it before it ends. All state is in the state folder, a volume.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NoReturn

import yaml

from gateway_config.envoy.admin import drain
from gateway_config.envoy.bootstrap import Address
from gateway_config.envoy.instances import find_instances
from gateway_config.envoy.program import EnvoyError
from gateway_config.files import write_private
from gateway_config.keys.kept import kept_key
from gateway_config.keys.store import KeyStoreError
from gateway_config.local import LocalGateway
from gateway_config.policy.reading import PolicyError
from gateway_config.settings import Settings, SettingsError, read_settings

BACKENDS_VARIABLE: Final = "PUERTA_GATEWAY_BACKENDS"
CIDRS_VARIABLE: Final = "PUERTA_GATEWAY_DEMO_CIDRS"
KEY_FILE: Final = "demo.key"
_CLIENT: Final = "demo"
_DRAIN_SECONDS: Final = 8.0  # containers are killed 10 s after SIGTERM, unless somebody says otherwise


class _StopError(Exception):
    """SIGTERM or SIGINT came."""


def prepare(policy: Path, environment: Mapping[str, str]) -> LocalGateway:
    """Write all that Envoy reads, and the demo client's key.

    Raises:
        PolicyError: if the policy can't be enforced as written.
        SettingsError: for a setting that makes no sense.
        KeyStoreError: if the key store can't be read.
        EnvoyError: if Envoy refuses the configuration.
        OSError: if a backend can't be found, or a file can't be written.
    """
    settings = read_settings(Settings, environment)
    # A copy in the state folder, so that a key made later by `keys new` meets the same policy.
    write_private(settings.gateway_policy, _policy(policy, environment.get(CIDRS_VARIABLE, "")))
    gateway = LocalGateway.open(settings, backends(environment.get(BACKENDS_VARIABLE, "")))
    logs = (*gateway.site.access_logs, Path("/dev/stdout"))  # one for the metrics, one for `docker logs`
    gateway = replace(gateway, site=replace(gateway.site, access_logs=logs))
    kept_key(gateway, _CLIENT, settings.state_dir / KEY_FILE)
    gateway.write()
    return gateway


def backends(text: str) -> tuple[Address, ...]:
    """Every address behind names such as ``service:8001,other:8001``; one name may have many.

    Raises:
        SettingsError: if it is no list of names with ports, or a name is unknown.
    """
    try:
        return find_instances(text)
    except ValueError as error:
        raise SettingsError(f"{BACKENDS_VARIABLE}: {error}") from error


def run(gateway: LocalGateway) -> int:
    """Run Envoy, and what tells its metrics, until it ends or a signal comes; the exit code."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    envoy = subprocess.Popen(gateway.command)  # noqa: S603 - our own Envoy
    metrics = subprocess.Popen((sys.executable, "-m", "gateway_config", "metrics"))
    try:
        return envoy.wait()
    except _StopError:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        drain(gateway.site.admin, _DRAIN_SECONDS)
        envoy.terminate()
        envoy.wait()
        return 0
    finally:
        metrics.terminate()
        metrics.wait()


def _policy(path: Path, cidrs: str) -> bytes:
    """The policy; where ``cidrs`` are given, the demo client is let in from those instead of its own.

    Behind Docker's address translation a caller on this machine has an address of Docker's.
    """
    text = path.read_bytes()
    if not cidrs:
        return text
    try:
        document = yaml.safe_load(text)
        document["clients"][_CLIENT]["cidrs"] = [cidr.strip() for cidr in cidrs.split(",")]
    except yaml.YAMLError as error:
        raise PolicyError(f"{path}: not YAML: {str(error).partition(chr(10))[0]}") from error
    except (KeyError, TypeError) as error:
        raise PolicyError(f"{path}: clients.{_CLIENT} is not there, and {CIDRS_VARIABLE} names its networks") from error
    return bytes(yaml.safe_dump(document, sort_keys=False), "utf-8")


def _stop(*_: Any) -> NoReturn:
    raise _StopError


def main(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Prepare and run; 1 with a line on standard error where something is wrong."""
    try:
        gateway = prepare(Path(arguments[0]), environment)
    except (PolicyError, SettingsError, KeyStoreError, EnvoyError, OSError) as error:
        print(f"gateway: {error}", file=sys.stderr)  # noqa: T201 - this is a program
        return 1
    return run(gateway)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
