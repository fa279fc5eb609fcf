"""What compose.yaml mounts and names is what monitoring, Prometheus and Alertmanager read there."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway_config.settings import Settings as GatewaySettings
from monitoring import settings as monitoring_settings
from puerta.settings import Settings as PlatformSettings
from service.settings import Settings as ServiceSettings
from service.settings import read_settings
from service.tests import dockerfile
from tests.runner import ROOT

WATCHERS = ("prometheus", "alertmanager")


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


def volumes(service: dict[str, Any]) -> dict[str, str]:
    """The named volumes of a service, by container path; all of them may be written to."""
    pairs = (volume.split(":") for volume in service["volumes"])
    return {words[1]: words[0] for words in pairs if not words[0].startswith("./") and not words[2:]}


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
    assert {name for name, _ in found.values()} <= set(services)
    alertmanagers = prometheus["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
    assert alertmanagers == [f"alertmanager:{platform.alertmanager_port}"]
    assert services["alertmanager"]["ports"] == [f"127.0.0.1:{platform.alertmanager_port}:{platform.alertmanager_port}"]


def image_environment(name: str) -> dict[str, str]:
    """What the image of a part sets."""
    words = [rest for word, rest in dockerfile.read(ROOT / name / "Dockerfile") if word == "ENV"]
    return dict(pair.split("=", 1) for rest in words for pair in rest.split())


def test_monitoring_reads_what_the_service_writes(services: dict[str, Any]) -> None:
    """Both logs, on one volume that both may write to, as one user: old segments are monitoring's to delete."""
    service, monitoring = services["service"], services["monitoring"]
    written = read_settings(image_environment("service") | service["environment"])
    read = monitoring_settings.read_settings(image_environment("monitoring") | monitoring["environment"])
    assert (written.events_dir, written.labels_dir) == (str(read.events_dir), str(read.labels_dir))
    mounted = [volumes(each) for each in (service, monitoring)]
    for path in (read.events_dir, read.labels_dir):
        (one, other) = [each[str(path.parent)] for each in mounted]
        assert one == other
    users = [dict(dockerfile.read(ROOT / name / "Dockerfile"))["USER"] for name in ("service", "monitoring")]
    assert users[0] == users[1]
    for name in ("service", "monitoring"):  # a new volume gets its owner from the folder that it is mounted over
        copied = [rest for word, rest in dockerfile.read(ROOT / name / "Dockerfile") if word == "COPY"]
        assert f"--from=build --chown={users[0]} /log /log" in copied


def test_monitoring_can_write_and_be_seen(services: dict[str, Any]) -> None:
    """All that it writes is on volumes; its variables are settings; the console is published to this machine alone."""
    monitoring = services["monitoring"]
    given = image_environment("monitoring") | monitoring["environment"]
    settings = monitoring_settings.read_settings(given)
    known = {variable for variable, _, _ in monitoring_settings.describe()}
    assert {name for name in given if name.startswith("PUERTA_")} <= known
    mounted = {Path(path) for path in volumes(monitoring)}
    written = (settings.state_dir, settings.reports_dir, settings.archive_dir)
    assert all(mounted & {folder, *folder.parents} for folder in written)
    assert (settings.monitoring_host, settings.console_host) == ("0.0.0.0", "0.0.0.0")  # noqa: S104 - a container's
    assert monitoring["ports"] == [f"127.0.0.1:{settings.console_port}:{settings.console_port}"]
    exposed = dict(dockerfile.read(ROOT / "monitoring" / "Dockerfile"))["EXPOSE"].split()
    assert exposed == [str(settings.monitoring_metrics_port), str(settings.console_port)]
    assert settings.console_names == ("localhost", "127.0.0.1")  # what it is published as
    assert settings.prometheus_url == services["prometheus"]["command"][-1].partition("=")[2]


def test_named_volumes_are_declared(services: dict[str, Any]) -> None:
    """Every one that is mounted, and none that nobody mounts."""
    declared = yaml.safe_load((ROOT / "compose.yaml").read_text())["volumes"]
    assert set(declared) == {name for service in services.values() for name in volumes(service).values()}


def test_links_begin_where_the_container_is_told(services: dict[str, Any], prometheus: Any) -> None:
    """The external label is a variable that the container is given; unless somebody publishes them, the console does."""
    variable = re.fullmatch(r"\$\{(\w+)\}", prometheus["global"]["external_labels"]["runbooks"])
    assert variable
    (console,) = services["monitoring"]["ports"]
    given = services["prometheus"]["environment"][variable[1]]
    assert given == f"${{{variable[1]}:-http://{console.rpartition(':')[0]}/runbooks}}"  # the console has them
