"""The list of parts: what is started, with what, and where each listens."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway_config.envoy import program
from gateway_config.local import LocalGateway
from puerta.configuration import ConfigurationError
from puerta.part import Part, Port
from puerta.parts import backends, list_parts
from puerta.settings import Settings

ROOT = Path(__file__).parents[2]
POLICY = ROOT / "gateway-config" / "policy.yaml"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Two instances in a folder of the test; Prometheus and Alertmanager are whatever runs the tests."""
    return Settings(
        instances=2,
        gateway_policy=POLICY,
        gateway_token="of-the-run",  # noqa: S106 - of a test
        state_dir=tmp_path,
        prometheus=sys.executable,
        prometheus_config=ROOT / "monitoring" / "prometheus" / "prometheus.yaml",
        rules_dir=ROOT / "slo" / "generated" / "rules",
        alertmanager=sys.executable,
        alertmanager_config=ROOT / "monitoring" / "alertmanager" / "alertmanager.yaml",
    )


@pytest.fixture
def gateway(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> LocalGateway:
    """Its gateway, for which Envoy need not be installed."""
    monkeypatch.setattr(program, "binary", lambda: Path("envoy"))
    return LocalGateway.open(settings, backends(settings))


@pytest.fixture
def parts(settings: Settings, gateway: LocalGateway) -> list[Part]:
    """The list."""
    return list_parts(settings, gateway, {})


def test_order(parts: list[Part]) -> None:
    """The instances come before the gateway, which alone drains."""
    assert [part.name for part in parts] == [
        *("service-8001", "service-8002", "gateway", "gateway-metrics"),
        *("monitoring", "prometheus", "alertmanager"),
    ]
    assert [part.name for part in parts if part.drain is not None] == ["gateway"]


def test_ports(parts: list[Part]) -> None:
    """Each port is told once, with the setting that moves it."""
    assert [port for part in parts for port in part.ports] == [
        Port("127.0.0.1", 8001, "PUERTA_SERVICE_PORT"),
        Port("127.0.0.1", 9101, "PUERTA_METRICS_PORT"),
        Port("127.0.0.1", 8002, "PUERTA_SERVICE_PORT"),
        Port("127.0.0.1", 9102, "PUERTA_METRICS_PORT"),
        Port("127.0.0.1", 8080, "PUERTA_GATEWAY_PORT"),
        Port("127.0.0.1", 9901, "PUERTA_GATEWAY_ADMIN_PORT"),
        Port("127.0.0.1", 9120, "PUERTA_GATEWAY_METRICS_PORT"),
        Port("127.0.0.1", 9110, "PUERTA_MONITORING_METRICS_PORT"),
        Port("127.0.0.1", 8090, "PUERTA_CONSOLE_PORT"),
        Port("127.0.0.1", 9090, "PUERTA_PROMETHEUS_PORT"),
        Port("127.0.0.1", 9093, "PUERTA_ALERTMANAGER_PORT"),
    ]


def test_configurations_are_written(parts: list[Part], tmp_path: Path) -> None:
    """Where their commands look for them, for their owner alone: a webhook's URL may hold a secret."""
    for part in parts[-2:]:
        part.prepare()
        path = tmp_path / part.name / f"{part.name}.json"
        assert f"--config.file={path}" in part.command
        assert json.loads(path.read_text())
        assert path.stat().st_mode & 0o777 == 0o600


def test_every_part_that_tells_metrics_is_scraped(parts: list[Part], tmp_path: Path) -> None:
    """Each job's targets are ports that the parts listen on."""
    parts[-2].prepare()
    written = json.loads((tmp_path / "prometheus" / "prometheus.json").read_text())
    jobs = {one["job_name"]: one["static_configs"][0]["targets"] for one in written["scrape_configs"]}
    assert set(jobs) == {"service", "gateway", "monitoring", "prometheus", "alertmanager"}
    assert {target for targets in jobs.values() for target in targets} <= {
        f"{port.host}:{port.number}" for part in parts for port in part.ports
    }


@pytest.mark.parametrize(
    ("missing", "left"),
    [
        ({"prometheus": "not-installed"}, ["monitoring"]),
        ({"alertmanager": "not-installed"}, ["monitoring", "prometheus"]),
        ({"monitoring": False}, ["prometheus", "alertmanager"]),
    ],
)
def test_without_watchers_the_rest_is_started(
    settings: Settings, gateway: LocalGateway, missing: dict[str, Any], left: list[str]
) -> None:
    """They are no part of answering predictions; Alertmanager without Prometheus would have nothing to say."""
    without = list_parts(replace(settings, **missing), gateway, {})
    assert [part.name for part in without[4:]] == left


def test_a_mistake_starts_nothing(settings: Settings, gateway: LocalGateway, tmp_path: Path) -> None:
    """It is found while the parts are listed."""
    with pytest.raises(ConfigurationError, match="PUERTA_RULES_DIR"):
        list_parts(replace(settings, rules_dir=tmp_path), gateway, {})


def test_monitoring_reads_what_is_logged(parts: list[Part], settings: Settings, gateway: LocalGateway) -> None:
    """It is given the folders that the service writes to; where nothing is written, it has nothing to do."""
    (monitoring,) = [part for part in parts if part.name == "monitoring"]
    logs = {"PUERTA_EVENTS_DIR", "PUERTA_LABELS_DIR"}
    assert {name: monitoring.environment[name] for name in logs} == {name: parts[0].environment[name] for name in logs}
    without = list_parts(settings, gateway, {"PUERTA_EVENTS_DIR": "-"})
    assert "monitoring" not in {part.name for part in without}


def test_nothing_leads_to_a_console_that_is_not_there(
    settings: Settings, gateway: LocalGateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is, alerts lead to its runbooks and its links to Prometheus; where it is not, neither, nor is it scraped."""
    monkeypatch.chdir(ROOT)

    def written(environment: dict[str, str]) -> tuple[list[Part], str]:
        parts = list_parts(settings, gateway, environment)
        parts[-2].prepare()
        return parts, (tmp_path / "prometheus" / "prometheus.json").read_text()

    parts, document = written({})
    assert "http://127.0.0.1:8090/runbooks" in document
    assert "127.0.0.1:9110" in document
    assert parts[-3].environment["PUERTA_PROMETHEUS_URL"] == "http://127.0.0.1:9090"
    _, document = written({"PUERTA_EVENTS_DIR": "-"})
    assert "127.0.0.1:8090" not in document
    assert "127.0.0.1:9110" not in document
    assert "file://" in document
    unwatched = list_parts(replace(settings, prometheus="not-installed"), gateway, {})
    assert unwatched[-1].environment["PUERTA_PROMETHEUS_URL"] == ""
    theirs = list_parts(settings, gateway, {"PUERTA_PROMETHEUS_URL": "https://prometheus.example"})
    assert theirs[-3].environment["PUERTA_PROMETHEUS_URL"] == "https://prometheus.example"


def test_gateway_asks_every_instance(parts: list[Part], gateway: LocalGateway) -> None:
    """The gateway's backends are the instances that are started."""
    started = {f"http://{backend}/health/ready" for backend in gateway.site.backends}
    assert started == {part.ready for part in parts if part.name.startswith("service-")}


def test_what_was_applied_outlives_the_gateway(
    parts: list[Part], gateway: LocalGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway that is started again reads its files as they are: an older policy must not come back."""
    monkeypatch.setattr(program, "validate", lambda _: None)
    (part,) = [part for part in parts if part.name == "gateway"]
    part.prepare()
    routes = gateway.folder / "routes.yaml"
    assert "/v1/predict" in routes.read_text()
    routes.write_text("applied since")
    part.prepare()
    assert routes.read_text() == "applied since"


def test_instances_differ(parts: list[Part], settings: Settings, tmp_path: Path) -> None:
    """Each instance has its own name and ports; the logs and the secret they share."""
    first, second = (part.environment for part in parts[:2])
    differing = {"PUERTA_PORT", "PUERTA_METRICS_PORT", "PUERTA_INSTANCE"}
    assert {name for name in first if first[name] != second[name]} == differing
    assert first["PUERTA_GATEWAY_TOKEN"] == settings.gateway_token
    assert first["PUERTA_EVENTS_DIR"] == str(tmp_path / "events")
    assert first["PUERTA_HOST"] == "127.0.0.1"


def test_own_folders_are_kept(settings: Settings, gateway: LocalGateway) -> None:
    """Whoever has set where events and labels go is not overruled."""
    own = {"PUERTA_EVENTS_DIR": "-", "PUERTA_LABELS_DIR": "/labels"}
    environment = list_parts(settings, gateway, own)[0].environment
    assert {name: environment[name] for name in own} == own


def test_services_run_as_shipped(parts: list[Part]) -> None:
    """As in the image: without docstrings, which nobody reads there."""
    assert {part.command[1:] for part in parts if part.name.startswith("service-")} == {("-OO", "-m", "service")}


def test_no_secret_on_a_command_line(parts: list[Part]) -> None:
    """Every user of the machine can read command lines."""
    assert not any("of-the-run" in word for part in parts for word in part.command)


def test_a_demonstration(settings: Settings, gateway: LocalGateway) -> None:
    """Flights are replayed, reports made at its midnight; the replay is the last to start and the first to stop."""
    *_, monitoring, prometheus, alertmanager, replay = list_parts(replace(settings, demo=True), gateway, {})
    assert (monitoring.name, replay.name) == ("monitoring", "replay")
    assert monitoring.environment["PUERTA_DRIFT_DAY_SECONDS"] == "30"
    assert replay.environment["PUERTA_STATE_DIR"] == str(settings.state_dir)
    assert replay.speaks
    assert not any(part.speaks for part in (monitoring, prometheus, alertmanager))
    assert replay.drain is not None
    assert replay.drain(0.0, lambda: False)


def test_nobody_replays_without_a_client(settings: Settings, gateway: LocalGateway) -> None:
    """A policy without the demo client is left as it is; counts that can't be read start nothing."""
    demo = replace(settings, demo=True)
    stranger = replace(gateway, policy=msgspec.structs.replace(gateway.policy, clients={}))
    assert "replay" not in {part.name for part in list_parts(demo, stranger, {})}
    with pytest.raises(ConfigurationError, match="PUERTA_DEMO_FLIGHTS"):
        list_parts(replace(demo, demo_flights=settings.state_dir / "none.csv"), gateway, {})
