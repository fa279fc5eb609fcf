"""Prometheus beside the platform: the committed configuration, with this machine's addresses, rules and runbooks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from puerta.configuration import ConfigurationError, read
from puerta.settings import Settings

_LOOPBACK = "127.0.0.1"
_RUNBOOKS = Path("monitoring/runbooks")
_RETENTION = "31d"  # the longest window of an objective, and a day
_DISCOVERY = ("static_configs", "_sd_configs")
_OBJECTIVES = "rules/*.yaml"  # where containers have them


def configuration(settings: Settings, *, alerting: bool) -> dict[str, Any]:
    """What Prometheus reads (https://prometheus.io/docs/prometheus/latest/configuration/configuration/).

    Each job of ours finds what it scrapes here instead of where the file says; one that is not ours stays as it is.
    What is left out on this machine is not asked, nor is anything sent to an Alertmanager where there is none.
    The objectives' rules are those of this machine; others that the file names stay.

    Raises:
        ConfigurationError: if the file can't be used, or there are no rules.
    """
    document = read(settings.prometheus_config, "PUERTA_PROMETHEUS_CONFIG")
    try:
        document["global"]["scrape_interval"] = f"{max(1, round(settings.scrape_seconds * 1000))}ms"  # 0 is a minute
        document["global"]["external_labels"]["runbooks"] = runbooks(settings)
        document["rule_files"] = list(_rules(settings, document["rule_files"]))
        document["scrape_configs"] = list(_jobs(document["scrape_configs"], _targets(settings, alerting=alerting)))
        if alerting:
            document["alerting"]["alertmanagers"] = [_static([f"{_LOOPBACK}:{settings.alertmanager_port}"])]
        else:
            del document["alerting"]
    except KeyError as error:
        raise ConfigurationError(f"{settings.prometheus_config}: {error} is not there") from error
    except (AttributeError, TypeError) as error:
        raise ConfigurationError(f"{settings.prometheus_config}: not what Prometheus reads: {error}") from error
    return document


def command(settings: Settings, program: str) -> tuple[str, ...]:
    """The command line; exemplars are kept, and nothing but the loopback is listened on."""
    address = f"{_LOOPBACK}:{settings.prometheus_port}"
    return (
        *(program, f"--config.file={file(settings)}", f"--storage.tsdb.path={file(settings).parent / 'data'}"),
        *(f"--storage.tsdb.retention.time={_RETENTION}", "--enable-feature=exemplar-storage"),
        *(f"--web.listen-address={address}", f"--web.external-url={url(settings)}", "--log.level=warn"),
    )


def file(settings: Settings) -> Path:
    """Where the configuration is written; what Prometheus keeps is beside it."""
    return settings.state_dir.absolute() / "prometheus" / "prometheus.json"


def url(settings: Settings) -> str:
    """Where a browser on this machine finds its page."""
    return f"http://{_LOOPBACK}:{settings.prometheus_port}"


def runbooks(settings: Settings) -> str:
    """Where runbooks are read, a URL without a slash at its end: published, on the console, or else as files."""
    console = f"http://{_LOOPBACK}:{settings.console_port}/runbooks" if settings.monitoring else ""
    return (settings.runbooks_url or console or _RUNBOOKS.absolute().as_uri()).rstrip("/")


def _rules(settings: Settings, names: list[str]) -> Iterator[str]:
    objectives = settings.rules_dir.absolute()
    if not any(objectives.glob("*.yaml")):  # Prometheus would start all the same, and watch nothing
        raise ConfigurationError(f"{objectives}: there are no rules (*.yaml); PUERTA_RULES_DIR chooses another folder")
    yield str(objectives / "*.yaml")
    in_containers = str(settings.prometheus_config.absolute().parent / _OBJECTIVES)
    yield from (name for name in names if name != in_containers)


def _targets(settings: Settings, *, alerting: bool) -> dict[str, list[str]]:
    ports = {
        "service": [settings.metrics_port + number for number in range(settings.instances)],
        "gateway": [settings.gateway_metrics_port],
        "monitoring": [settings.monitoring_metrics_port] if settings.monitoring else [],
        "prometheus": [settings.prometheus_port],
        "alertmanager": [settings.alertmanager_port] if alerting else [],
    }
    return {job: [f"{_LOOPBACK}:{port}" for port in listed] for job, listed in ports.items()}


def _jobs(jobs: list[dict[str, Any]], targets: dict[str, list[str]]) -> Iterator[dict[str, Any]]:
    for job in jobs:
        found = targets.get(job["job_name"])
        if found is None:
            yield job
        elif found:
            yield {key: value for key, value in job.items() if not key.endswith(_DISCOVERY)} | _static(found)


def _static(targets: list[str]) -> dict[str, Any]:
    return {"static_configs": [{"targets": targets}]}
