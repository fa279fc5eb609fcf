"""The settings of the platform on one machine: the gateway's, and those of what runs around it."""

from dataclasses import dataclass
from pathlib import Path

from gateway_config.settings import Settings as GatewaySettings
from gateway_config.settings import read_count, read_port, read_seconds, setting


@dataclass(frozen=True, kw_only=True)
class Settings(GatewaySettings):
    """Every setting of ``python -m puerta``. What it starts reads its own from the same environment."""

    instances: int = setting(1, read_count, "service instances behind the gateway")
    service_port: int = setting(8001, read_port, "port of the first service instance; the next ones follow")
    metrics_port: int = setting(9101, read_port, "port of the first instance's metrics; the next ones follow")
    prometheus: str = setting("prometheus", str, "program that keeps the metrics; left out where it is not installed")
    prometheus_port: int = setting(9090, read_port, "port of Prometheus, on 127.0.0.1")
    rules_dir: Path = setting(  # noqa: RUF009 - a path is as immutable as a text
        Path("slo/generated/rules"), Path, "folder of the objectives' rules, which Prometheus evaluates"
    )
    start_seconds: float = setting(60.0, read_seconds, "time that everything may take to become ready")
    stop_seconds: float = setting(30.0, read_seconds, "time that everything may take to end what is under way")
