"""The parts of the platform. A new one is one more entry in the list."""

import shutil
import sys
from collections.abc import Mapping
from functools import cache, partial

from gateway_config.envoy.admin import drain
from gateway_config.envoy.bootstrap import Address
from gateway_config.local import LocalGateway
from puerta import prometheus
from puerta.part import Part, Port
from puerta.settings import Settings

_LOOPBACK = "127.0.0.1"


def list_parts(settings: Settings, gateway: LocalGateway, environment: Mapping[str, str]) -> list[Part]:
    """Everything that runs, in the order in which it is started."""
    return [
        *(_service(settings, number, environment) for number in range(settings.instances)),
        _gateway(settings, gateway),
        _gateway_metrics(settings),
        *_prometheus(settings),
    ]


def backends(settings: Settings) -> tuple[Address, ...]:
    """Where the service instances answer."""
    return tuple(Address(_LOOPBACK, settings.service_port + number) for number in range(settings.instances))


def _service(settings: Settings, number: int, environment: Mapping[str, str]) -> Part:
    port, metrics_port = settings.service_port + number, settings.metrics_port + number
    state = settings.state_dir
    return Part(
        name=f"service-{port}",
        command=(sys.executable, "-OO", "-m", "service"),  # no docstrings, no assertions: 4 MB less for each instance
        ports=(
            Port(_LOOPBACK, port, "PUERTA_SERVICE_PORT"),
            Port(_LOOPBACK, metrics_port, "PUERTA_METRICS_PORT"),
        ),
        ready=f"http://{_LOOPBACK}:{port}/health/ready",
        environment={
            "PUERTA_HOST": _LOOPBACK,
            "PUERTA_PORT": str(port),
            "PUERTA_METRICS_PORT": str(metrics_port),
            "PUERTA_INSTANCE": f"service-{port}",
            "PUERTA_GATEWAY_TOKEN": settings.gateway_token,
            "PUERTA_EVENTS_DIR": environment.get("PUERTA_EVENTS_DIR") or str(state / "events"),
            "PUERTA_LABELS_DIR": environment.get("PUERTA_LABELS_DIR") or str(state / "labels"),
        },
    )


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


def _prometheus(settings: Settings) -> tuple[Part, ...]:
    program = shutil.which(settings.prometheus)
    if program is None:
        return ()
    return (
        Part(
            name="prometheus",
            command=prometheus.command(settings, program),
            ports=(Port(_LOOPBACK, settings.prometheus_port, "PUERTA_PROMETHEUS_PORT"),),
            ready=f"http://{_LOOPBACK}:{settings.prometheus_port}/-/ready",
            prepare=partial(prometheus.write, settings),
        ),
    )
