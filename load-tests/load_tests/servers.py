"""The servers that load tests start: the service as shipped, the same application elsewhere, and the bare ceilings."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

from gateway_config.ports import free_port
from load_tests.ceiling import ANSWER_BYTES
from load_tests.paths import MODELS
from load_tests.processes import Launch

SERVICE = (sys.executable, "-OO", "-m", "service")
APPLICATION = "service.application:application"  # a factory of the ASGI application
BARE = "load_tests.ceiling:application"

READY = "/health/ready"
PREDICT = "/v1/predict"
DEFAULT_MODEL = "flight-delay"
ONE_HOT_MODEL = "flight-delay-onehot"


@dataclass(frozen=True)
class Setup:
    """What a load test gives a service: where its models and its logs are, and settings to override."""

    folder: Path
    models: Path = MODELS
    command: tuple[str, ...] = SERVICE
    application: str = APPLICATION
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def events(self) -> Path:
        """The folder of the event log."""
        return self.folder / "events"

    def environment(self, port: int) -> dict[str, str]:
        """The service's settings for this load test."""
        return {
            "PUERTA_HOST": "127.0.0.1",
            "PUERTA_PORT": str(port),
            "PUERTA_METRICS_PORT": str(free_port()),
            "PUERTA_MODELS_DIR": str(self.models),
            "PUERTA_DEFAULT_MODEL": DEFAULT_MODEL,
            "PUERTA_EVENTS_DIR": str(self.events),
            "PUERTA_LABELS_DIR": str(self.folder / "labels"),
            "PUERTA_LOG_LEVEL": "warning",
            "PUERTA_DRAIN_SECONDS": "0",  # a load test that ends has no clients left to wait for
            **self.settings,
        }


def service(setup: Setup, extra: tuple[str, ...] = ()) -> Launch:
    """The service as shipped; ``extra`` are options of the Python interpreter."""
    port = free_port()
    command = (setup.command[0], *extra, *setup.command[1:])
    return Launch("service", command, setup.environment(port), port, READY)


def application_on_uvicorn(setup: Setup) -> Launch:
    """Our ASGI application under uvicorn with its own protocol class."""
    port = free_port()
    return Launch("uvicorn", _uvicorn(setup.application, port), setup.environment(port), port, READY)


def application_on_granian(setup: Setup) -> Launch:
    """Our ASGI application under granian."""
    port = free_port()
    return Launch("granian", _granian(setup.application, port), setup.environment(port), port, READY)


def ceiling_on_uvicorn(answer_bytes: int) -> Launch:
    """The bare ASGI application under uvicorn."""
    port = free_port()
    return Launch("ceiling-uvicorn", _uvicorn(BARE, port), {ANSWER_BYTES: str(answer_bytes)}, port, "/")


def ceiling_on_granian(answer_bytes: int) -> Launch:
    """The bare ASGI application under granian."""
    port = free_port()
    return Launch("ceiling-granian", _granian(BARE, port), {ANSWER_BYTES: str(answer_bytes)}, port, "/")


def _uvicorn(factory: str, port: int) -> tuple[str, ...]:
    options = ("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--no-proxy-headers")
    address = ("--host", "127.0.0.1", "--port", str(port))
    return (sys.executable, "-m", "uvicorn", factory, "--factory", *address, *options, "--log-level", "warning")


def _granian(factory: str, port: int) -> tuple[str, ...]:
    options = ("--interface", "asgi", "--http", "1", "--loop", "uvloop", "--no-ws", "--workers", "1")
    address = ("--host", "127.0.0.1", "--port", str(port))
    return (sys.executable, "-m", "granian", factory, "--factory", *address, *options, "--log-level", "warning")
