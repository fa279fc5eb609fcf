"""``python -m puerta``: start the whole platform, say how to try it, and stop it all on Ctrl-C."""

import argparse
import os
import secrets
import shutil
import sys
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from gateway_config.envoy.program import EnvoyError
from gateway_config.keys.store import KeyStoreError
from gateway_config.local import LocalGateway
from gateway_config.policy.reading import PolicyError
from gateway_config.settings import SettingsError, describe, read_settings
from puerta import alertmanager
from puerta.child import Child
from puerta.configuration import ConfigurationError
from puerta.demo import curl_line, demo_key
from puerta.interruption import Interruption
from puerta.lock import only_one
from puerta.parts import backends, list_parts
from puerta.ports import check_ports
from puerta.settings import Settings
from puerta.stage import stage
from puerta.supervisor import StartError, Supervisor


def main(arguments: list[str] | None = None) -> int:
    """Run the platform; the exit code is 0, or 1 with what is wrong on standard error."""
    parser = argparse.ArgumentParser(prog="python -m puerta", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["run", "settings"], default="run")
    if parser.parse_args(arguments).command == "settings":
        for variable, default, text in describe(Settings):
            _say(f"{variable:31} {default or '-':42} {text}")
        return 0
    interruption = Interruption()
    interruption.listen()
    try:
        settings = stage(read_settings(Settings, os.environ), os.environ)
        with only_one(settings.state_dir):
            return _run(settings, os.environ, interruption)
    except (SettingsError, PolicyError, KeyStoreError, EnvoyError, ConfigurationError, StartError, OSError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


def _run(settings: Settings, environment: Mapping[str, str], interruption: Interruption) -> int:
    settings = replace(settings, gateway_token=settings.gateway_token or secrets.token_urlsafe(32))
    gateway = LocalGateway.open(settings, backends(settings))
    parts = list_parts(settings, gateway, environment)
    check_ports(port for part in parts for port in part.ports)
    key = demo_key(gateway, settings.state_dir / "demo.key")
    logs = settings.state_dir / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    supervisor = Supervisor([Child(part, environment, logs) for part in parts], logs, interruption, _say)
    _say(f"Starting {', '.join(part.name for part in parts)}")
    finished = supervisor.run(
        start_seconds=settings.start_seconds,
        stop_seconds=settings.stop_seconds,
        announce=lambda: _announce(settings, gateway, key, logs, {part.name for part in parts}),
    )
    _say("Everything has stopped." if finished else "Everything has stopped, but not all of it in time.")
    return 0 if finished else 1


def _announce(settings: Settings, gateway: LocalGateway, key: str | None, logs: Path, parts: Collection[str]) -> None:
    _say(f"\nPuerta is up: {gateway.url} (a page to try it; the API at {gateway.url}/docs; logs in {logs})\n")
    if key is None:
        _say("The policy has no client `demo`, so there is no key to try it with.")
    else:
        try:
            _say(f"{curl_line(gateway, key)}\n")
        except OSError as error:
            _say(f"No line to try it with: {error}\n")
    if "monitoring" in parts:
        _say(f"Drift, quality, labels and runbooks: http://127.0.0.1:{settings.console_port}")
    _say(_watching(settings))
    _say("Ctrl-C stops everything.")


def _watching(settings: Settings) -> str:
    if shutil.which(settings.prometheus) is None:
        return "Prometheus is not installed (Debian: apt install prometheus), so nobody watches the objectives."
    url = f"http://127.0.0.1:{settings.prometheus_port}"
    told = f"Prometheus: {url}; how the objectives stand: {sys.executable} -m slo status --prometheus {url}\n"
    if alertmanager.find(settings) is None:
        return (
            f"{told}Alertmanager is not installed (Debian: apt install prometheus-alertmanager), so nobody is told.\n"
        )
    more = "PUERTA_ALERT_WEBHOOK is told too" if settings.alert_webhook else "PUERTA_ALERT_WEBHOOK sends them on"
    return f"{told}Alerts: amtool alert --alertmanager.url=http://127.0.0.1:{settings.alertmanager_port}; {more}\n"


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
