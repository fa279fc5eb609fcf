"""The settings of the platform on one machine: the gateway's, and those of what runs around it."""

from dataclasses import dataclass
from pathlib import Path

from gateway_config.settings import Settings as GatewaySettings
from gateway_config.settings import read_count, read_flag, read_port, read_seconds, read_url, setting


@dataclass(frozen=True, kw_only=True)
class Settings(GatewaySettings):
    """Every setting of ``python -m puerta``. What it starts reads its own from the same environment."""

    instances: int = setting(1, read_count, "service instances behind the gateway")
    service_port: int = setting(8001, read_port, "port of the first service instance; the next ones follow")
    metrics_port: int = setting(9101, read_port, "port of the first instance's metrics; the next ones follow")
    prometheus: str = setting("prometheus", str, "program that keeps the metrics; left out where it is not installed")
    prometheus_port: int = setting(9090, read_port, "port of Prometheus, on 127.0.0.1")
    prometheus_config: Path = setting(  # noqa: RUF009 - a path is as immutable as a text
        Path("monitoring/prometheus/prometheus.yaml"), Path, "what Prometheus' configuration is made from"
    )
    scrape_seconds: float = setting(5.0, read_seconds, "time between two looks at a part's metrics")
    rules_dir: Path = setting(  # noqa: RUF009 - a path is as immutable as a text
        Path("slo/generated/rules"), Path, "folder of the objectives' rules, which Prometheus evaluates"
    )
    runbooks_url: str = setting("", str, "where runbooks are read, in alerts' links; empty: the console's")
    alertmanager: str = setting(
        "prometheus-alertmanager,alertmanager",
        str,
        "program that tells people of alerts, the first that is installed; left out where none is",
    )
    alertmanager_port: int = setting(9093, read_port, "port of Alertmanager, on 127.0.0.1")
    alertmanager_config: Path = setting(  # noqa: RUF009 - a path is as immutable as a text
        Path("monitoring/alertmanager/alertmanager.yaml"), Path, "what Alertmanager's configuration is made from"
    )
    alert_webhook: str = setting("", read_url, "URL that alerts are sent to; empty: only where its configuration says")
    monitoring: bool = setting(True, read_flag, "reports of drift, quality and labels are made of what is logged here")
    monitoring_metrics_port: int = setting(9110, read_port, "port of their metrics, on 127.0.0.1")
    console_port: int = setting(8090, read_port, "port of the console, which shows them, on 127.0.0.1")
    demo: bool = setting(False, read_flag, "replay a year of real flights, a month a short day, in a folder of its own")
    demo_day_seconds: int = setting(30, read_count, "length of such a day: 10, 12, 15, 20, 30 or 60 s")
    demo_flights: Path = setting(  # noqa: RUF009 - a path is as immutable as a text
        Path("model-files/flight-counts.csv"), Path, "counts of the flights that are replayed"
    )
    start_seconds: float = setting(60.0, read_seconds, "time that everything may take to become ready")
    stop_seconds: float = setting(30.0, read_seconds, "time that everything may take to end what is under way")
