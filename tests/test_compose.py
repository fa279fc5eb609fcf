"""What compose.yaml mounts and names is what Prometheus and Alertmanager read there."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway_config.settings import Settings as GatewaySettings
from puerta.settings import Settings as PlatformSettings
from service.settings import Settings as ServiceSettings
from tests.runner import ROOT

WATCHERS = ("prometheus", "alertmanager")
# Its part has no image yet; until then its objectives are "not measured" in containers, which is an alert.
WITHOUT_CONTAINER = {"monitoring"}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services of compose.yaml."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return dict(document["services"])


@pytest.fixture(scope="module")
def prometheus() -> Any:
    """What Prometheus reads in its container."""
    return yaml.safe_load((ROOT / "monitoring" / "prometheus" / "prometheus.yaml").read_text())


def mounts(service: dict[str, Any]) -> dict[str, str]:
    """The read-only mounts of a service, container path to the path in the repository."""
    pairs = (volume.split(":") for volume in service["volumes"])
    return {words[1]: words[0] for words in pairs if words[0].startswith("./") and words[2:] == ["ro"]}


@pytest.mark.parametrize("name", WATCHERS)
def test_images_are_pinned(services: dict[str, Any], name: str) -> None:
    """To a release: what runs next week is what runs today."""
    assert re.fullmatch(rf"prom/{name}:v\d+\.\d+\.\d+", services[name]["image"])


@pytest.mark.parametrize("name", WATCHERS)
def test_configuration_is_mounted(services: dict[str, Any], name: str) -> None:
    """The file that the command names is one of the repository, which the container can't change."""
    (path,) = [Path(word.partition("=")[2]) for word in services[name]["command"] if word.startswith("--config.file=")]
    mounted = mounts(services[name])
    assert all((ROOT / source).exists() for source in mounted.values())
    (source,) = [ROOT / mounted[str(at)] / path.relative_to(at) for at in (path, path.parent) if str(at) in mounted]
    assert source.is_file()
    assert len(mounted) == len([volume for volume in services[name]["volumes"] if volume.startswith("./")])


def test_rules_are_mounted(services: dict[str, Any], prometheus: Any) -> None:
    """The objectives' and those of what watches them are where Prometheus looks for them: beside its configuration."""
    mounted = mounts(services["prometheus"])
    objectives, watching = (Path("/etc/prometheus") / pattern for pattern in prometheus["rule_files"])
    assert mounted[str(objectives.parent)] == "./slo/generated/rules"
    assert mounted[str(watching)] == "./monitoring/prometheus/watching.yaml"


def test_every_target_is_a_container(services: dict[str, Any], prometheus: Any) -> None:
    """By its name, at the port that its part tells its metrics on."""
    found = {}
    for job in prometheus["scrape_configs"]:
        for discovery in job.get("dns_sd_configs", []):
            (found[job["job_name"]],) = {(name, discovery["port"]) for name in discovery["names"]}
    platform = PlatformSettings()
    assert found == {
        "service": ("service", ServiceSettings().metrics_port),
        "gateway": ("gateway", GatewaySettings().gateway_metrics_port),
        "monitoring": ("monitoring", platform.monitoring_metrics_port),
    }
    assert {name for name, _ in found.values()} - set(services) == WITHOUT_CONTAINER
    alertmanagers = prometheus["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
    assert alertmanagers == [f"alertmanager:{platform.alertmanager_port}"]
    assert services["alertmanager"]["ports"] == [f"127.0.0.1:{platform.alertmanager_port}:{platform.alertmanager_port}"]


def test_links_begin_where_the_container_is_told(services: dict[str, Any], prometheus: Any) -> None:
    """The external label is a variable that the container is given."""
    variable = re.fullmatch(r"\$\{(\w+)\}", prometheus["global"]["external_labels"]["runbooks"])
    assert variable
    assert variable[1] in services["prometheus"]["environment"]
