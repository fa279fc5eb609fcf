"""The parts of the platform. A new one is one more entry in the list."""

import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import cache, partial

from gateway_config.envoy.admin import drain
from gateway_config.envoy.bootstrap import Address
from gateway_config.local import LocalGateway
from puerta import alertmanager, configuration, prometheus
from puerta.demo import CLIENT
from puerta.part import Part, Port
from puerta.replay.year import Year
from puerta.settings import Settings
from puerta.stage import monitoring_environment

_LOOPBACK = "127.0.0.1"


def list_parts(settings: Settings, gateway: LocalGateway, environment: Mapping[str, str]) -> list[Part]:
    """Everything that runs, in the order in which it is started."""
    monitoring = _monitoring(settings, environment)
    return [
        *(_service(settings, number, environment) for number in range(settings.instances)),
        _gateway(settings, gateway),
        _gateway_metrics(settings),
        *monitoring,
        *_watchers(replace(settings, monitoring=bool(monitoring))),
        *_replay(settings, gateway),
    ]


def backends(settings: Settings) -> tuple[Address, ...]:
    """Where the service instances answer."""
    return tuple(Address(_LOOPBACK, settings.service_port + number) for number in range(settings.instances))


def _service(settings: Settings, number: int, environment: Mapping[str, str]) -> Part:
    port, metrics_port = settings.service_port + number, settings.metrics_port + number
    return Part(
        name=f"service-{port}",
        command=(sys.executable, "-OO", "-m", "service"),  # no docstrings, no assertions: 4 MB less for each instance
        ports=(
            Port(_LOOPBACK, port, "PUERTA_SERVICE_PORT"),
            Port(_LOOPBACK, metrics_port, "PUERTA_METRICS_PORT"),
        ),
        ready=f"http://{_LOOPBACK}:{port}/health/ready",
        environment=_logs(settings, environment)
        | {
            "PUERTA_HOST": _LOOPBACK,
            "PUERTA_PORT": str(port),
            "PUERTA_METRICS_PORT": str(metrics_port),
            "PUERTA_INSTANCE": f"service-{port}",
            "PUERTA_GATEWAY_TOKEN": settings.gateway_token,
        },
    )


def _logs(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """Where predictions and labels are logged: whoever has set it is not overruled."""
    folders = {"PUERTA_EVENTS_DIR": "events", "PUERTA_LABELS_DIR": "labels"}
    return {name: environment.get(name) or str(settings.state_dir / folder) for name, folder in folders.items()}


def _gateway(settings: Settings, gateway: LocalGateway) -> Part:
    return Part(
        name="gateway",
        command=gateway.command,
        ports=(
            Port(settings.gateway_host, settings.gateway_port, "PUERTA_GATEWAY_PORT"),
            Port(_LOOPBACK, settings.gateway_admin_port, "PUERTA_GATEWAY_ADMIN_PORT"),
        ),
        ready=gateway.ready,
        prepare=cache(gateway.write),  # once: started again, it finds what was applied since
        drain=partial(drain, gateway.site.admin),
    )


def _gateway_metrics(settings: Settings) -> Part:
    return Part(
        name="gateway-metrics",
        command=(sys.executable, "-m", "gateway_config", "metrics"),
        ports=(Port(_LOOPBACK, settings.gateway_metrics_port, "PUERTA_GATEWAY_METRICS_PORT"),),
        ready=f"http://{_LOOPBACK}:{settings.gateway_metrics_port}/metrics",
        environment={
            "PUERTA_GATEWAY_METRICS_HOST": _LOOPBACK,
            "PUERTA_GATEWAY_METRICS_PORT": str(settings.gateway_metrics_port),
            "PUERTA_GATEWAY_ADMIN_PORT": str(settings.gateway_admin_port),
            "PUERTA_GATEWAY_POLICY": str(settings.gateway_policy),
            "PUERTA_STATE_DIR": str(settings.state_dir),
        },
    )


def _monitoring(settings: Settings, environment: Mapping[str, str]) -> tuple[Part, ...]:
    logs = _logs(settings, environment)
    if not settings.monitoring or "-" in logs.values():  # what goes to standard output is not there to be read
        return ()
    port = settings.monitoring_metrics_port
    return (
        Part(
            name="monitoring",
            command=(sys.executable, "-m", "monitoring", "schedule"),
            ports=(
                Port(_LOOPBACK, port, "PUERTA_MONITORING_METRICS_PORT"),
                Port(_LOOPBACK, settings.console_port, "PUERTA_CONSOLE_PORT"),
            ),
            ready=f"http://{_LOOPBACK}:{port}/health/ready",
            environment=logs
            | monitoring_environment(settings, environment)
            | {
                "PUERTA_MONITORING_HOST": _LOOPBACK,
                "PUERTA_MONITORING_METRICS_PORT": str(port),
                "PUERTA_CONSOLE_HOST": _LOOPBACK,
                "PUERTA_CONSOLE_PORT": str(settings.console_port),
                "PUERTA_PROMETHEUS_URL": _prometheus_url(settings, environment),
                "PUERTA_STATE_DIR": str(settings.state_dir),
            },
        ),
    )


def _prometheus_url(settings: Settings, environment: Mapping[str, str]) -> str:
    """What the console's links lead to: whoever has set it is not overruled, and where there is none, nowhere."""
    here = prometheus.url(settings) if shutil.which(settings.prometheus) else ""
    return environment.get("PUERTA_PROMETHEUS_URL") or here


def _replay(settings: Settings, gateway: LocalGateway) -> tuple[Part, ...]:
    """Of a demonstration: it is stopped first, at once, so that it holds nobody up."""
    if not settings.demo or CLIENT not in gateway.policy.clients:
        return ()
    Year.read(settings.demo_flights)  # here, so that a mistake in it starts nothing
    return (
        Part(
            name="replay",
            command=(sys.executable, "-m", "puerta.replay"),
            ports=(),
            ready=gateway.ready,
            environment={"PUERTA_STATE_DIR": str(settings.state_dir)},
            drain=lambda _seconds, _hurry: True,
            speaks=True,
        ),
    )


def _watchers(settings: Settings) -> tuple[Part, ...]:
    """Prometheus and Alertmanager where they are installed; without the first there is nobody to tell the second."""
    watcher, teller = shutil.which(settings.prometheus), alertmanager.find(settings)
    if watcher is None:
        return ()
    parts = [_prometheus(settings, watcher, alerting=teller is not None)]
    if teller is not None:
        parts.append(_alertmanager(settings, teller))
    return tuple(parts)


def _prometheus(settings: Settings, program: str, *, alerting: bool) -> Part:
    document = prometheus.configuration(settings, alerting=alerting)  # here, so that a mistake in it starts nothing
    return Part(
        name="prometheus",
        command=prometheus.command(settings, program),
        ports=(Port(_LOOPBACK, settings.prometheus_port, "PUERTA_PROMETHEUS_PORT"),),
        ready=f"http://{_LOOPBACK}:{settings.prometheus_port}/-/ready",
        prepare=partial(configuration.write, prometheus.file(settings), document),
    )


def _alertmanager(settings: Settings, program: str) -> Part:
    document = alertmanager.configuration(settings)
    return Part(
        name="alertmanager",
        command=alertmanager.command(settings, program),
        ports=(Port(_LOOPBACK, settings.alertmanager_port, "PUERTA_ALERTMANAGER_PORT"),),
        ready=f"http://{_LOOPBACK}:{settings.alertmanager_port}/-/ready",
        prepare=partial(configuration.write, alertmanager.file(settings), document),
    )
