"""Prometheus beside the platform: what it scrapes, and the rules of the objectives that it evaluates."""

import json
from pathlib import Path
from typing import Any

from gateway_config.files import write_private
from puerta.settings import Settings

CONFIGURATION = "prometheus.json"
_SCRAPE = "5s"
_RETENTION = "31d"  # the longest window of an objective, and a day


def configuration(settings: Settings) -> dict[str, Any]:
    """Prometheus' configuration (https://prometheus.io/docs/prometheus/latest/configuration/configuration/)."""
    instances = [f"127.0.0.1:{settings.metrics_port + number}" for number in range(settings.instances)]
    gateway = [f"127.0.0.1:{settings.gateway_metrics_port}"]
    return {
        "global": {"scrape_interval": _SCRAPE, "evaluation_interval": "30s"},
        "rule_files": [str(settings.rules_dir.absolute() / "*.yaml")],
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": targets}]}
            for job, targets in (("service", instances), ("gateway", gateway))
        ],
    }


def write(settings: Settings) -> None:
    """Write the configuration into the state folder; JSON is YAML too."""
    write_private(_folder(settings) / CONFIGURATION, json.dumps(configuration(settings), indent=2).encode())


def command(settings: Settings, program: str) -> tuple[str, ...]:
    """The command line; exemplars are kept, and nothing but the loopback is listened on."""
    folder = _folder(settings)
    return (
        *(program, f"--config.file={folder / CONFIGURATION}", f"--storage.tsdb.path={folder / 'data'}"),
        *(f"--storage.tsdb.retention.time={_RETENTION}", f"--web.listen-address=127.0.0.1:{settings.prometheus_port}"),
        *("--enable-feature=exemplar-storage", "--log.level=warn"),
    )


def _folder(settings: Settings) -> Path:
    return settings.state_dir.absolute() / "prometheus"
