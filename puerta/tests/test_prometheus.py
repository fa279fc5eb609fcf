"""Prometheus' configuration on this machine is the committed one, with this machine's addresses, rules and runbooks."""

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from puerta import configuration, prometheus
from puerta.configuration import ConfigurationError
from puerta.settings import Settings
from tests.parts import require

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "monitoring" / "prometheus" / "prometheus.yaml"
PLACES = ("static_configs", "dns_sd_configs")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Two instances, state in a folder of the test, everything else as committed."""
    return Settings(
        instances=2,
        state_dir=tmp_path,
        prometheus_config=COMMITTED,
        rules_dir=ROOT / "slo" / "generated" / "rules",
        runbooks_url="https://example.com/runbooks/",
    )


def committed() -> Any:
    """The file that containers read."""
    return yaml.safe_load(COMMITTED.read_text())


def without_places(document: Any) -> Any:
    """A configuration without what differs between machines: addresses, files, and the beginning of links."""
    jobs = [{key: value for key, value in job.items() if key not in PLACES} for job in document["scrape_configs"]]
    alerting = {key: value for key, value in document["alerting"].items() if key != "alertmanagers"}
    intervals = {name: _seconds(document["global"][name]) for name in ("scrape_interval", "evaluation_interval")}
    return {**document, "scrape_configs": jobs, "alerting": alerting, "global": intervals, "rule_files": 1}


def _seconds(duration: str) -> float:
    return int(duration[:-2]) / 1000 if duration.endswith("ms") else int(duration[:-1])


def test_same_as_in_containers(settings: Settings) -> None:
    """Jobs, intervals and relabelling are those of the committed file, whatever they are."""
    assert without_places(prometheus.configuration(settings, alerting=True)) == without_places(committed())


def test_every_part_is_scraped_here(settings: Settings) -> None:
    """Every instance by itself, the gateway, monitoring, Prometheus and Alertmanager; nothing by the name of a container."""
    jobs = prometheus.configuration(settings, alerting=True)["scrape_configs"]
    assert jobs == [
        {"job_name": "service", "static_configs": [{"targets": ["127.0.0.1:9101", "127.0.0.1:9102"]}]},
        {"job_name": "gateway", "static_configs": [{"targets": ["127.0.0.1:9120"]}]},
        {"job_name": "monitoring", "static_configs": [{"targets": ["127.0.0.1:9110"]}]},
        {"job_name": "prometheus", "static_configs": [{"targets": ["127.0.0.1:9090"]}]},
        {"job_name": "alertmanager", "static_configs": [{"targets": ["127.0.0.1:9093"]}]},
    ]


def test_what_is_of_this_machine(settings: Settings) -> None:
    """The rules' folder, Alertmanager's address, the beginning of the runbooks' links, and how often is looked."""
    made = prometheus.configuration(replace(settings, scrape_seconds=0.5), alerting=True)
    assert made["rule_files"] == [str(ROOT / "slo/generated/rules/*.yaml"), str(COMMITTED.parent / "watching.yaml")]
    assert made["alerting"]["alertmanagers"] == [{"static_configs": [{"targets": ["127.0.0.1:9093"]}]}]
    assert made["global"]["external_labels"]["runbooks"] == "https://example.com/runbooks"
    assert made["global"]["scrape_interval"] == "500ms"


def test_runbooks_are_those_of_the_repository(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the console, or as files where there is none, unless somebody publishes them."""
    monkeypatch.chdir(ROOT)
    unpublished = replace(settings, runbooks_url="", console_port=8095)
    assert prometheus.runbooks(unpublished) == "http://127.0.0.1:8095/runbooks"
    assert prometheus.runbooks(replace(unpublished, monitoring=False)) == (ROOT / "monitoring/runbooks").as_uri()


def test_without_alertmanager(settings: Settings) -> None:
    """Where none is installed, Prometheus does not look for one."""
    made = prometheus.configuration(settings, alerting=False)
    assert "alerting" not in made
    assert "alertmanager" not in {job["job_name"] for job in made["scrape_configs"]}


def test_without_monitoring(settings: Settings) -> None:
    """A part that is not wanted is not looked for."""
    made = prometheus.configuration(replace(settings, monitoring=False), alerting=True)
    assert "monitoring" not in {job["job_name"] for job in made["scrape_configs"]}


def test_a_job_of_your_own_is_kept(settings: Settings, tmp_path: Path) -> None:
    """With all that the file says of it."""
    own = {
        "job_name": "database",
        "scrape_interval": "1m",
        "authorization": {"credentials_file": "/run/secrets/key"},
        "static_configs": [{"targets": ["db.example:9187"]}],
    }
    document = committed()
    document["scrape_configs"].append(own)
    mine = tmp_path / "mine.yaml"
    mine.write_text(yaml.safe_dump(document))
    made = prometheus.configuration(replace(settings, prometheus_config=mine), alerting=True)
    assert made["scrape_configs"][-1] == own


def test_files_are_found_from_elsewhere(settings: Settings, tmp_path: Path) -> None:
    """What your own job reads beside your own file it finds there."""
    document = committed()
    own = {"authorization": {"credentials_file": "key"}, "file_sd_configs": [{"files": ["targets/*.json"]}]}
    document["scrape_configs"].append({"job_name": "database", **own})
    mine = tmp_path / "mine.yaml"
    mine.write_text(yaml.safe_dump(document))
    made = prometheus.configuration(replace(settings, prometheus_config=mine), alerting=True)["scrape_configs"][-1]
    assert made["authorization"] == {"credentials_file": str(tmp_path / "key")}
    assert made["file_sd_configs"] == [{"files": [str(tmp_path / "targets/*.json")]}]


def test_rules_of_your_own_are_kept(settings: Settings, tmp_path: Path) -> None:
    """Beside the objectives'; their names begin at the file's own folder."""
    document = committed() | {"rule_files": ["mine/*.yaml", "/etc/theirs.yaml"]}
    mine = tmp_path / "mine.yaml"
    mine.write_text(yaml.safe_dump(document))
    made = prometheus.configuration(replace(settings, prometheus_config=mine), alerting=True)
    objectives = str(settings.rules_dir / "*.yaml")
    assert made["rule_files"] == [objectives, str(tmp_path / "mine/*.yaml"), "/etc/theirs.yaml"]


def test_a_moment_is_not_a_minute(settings: Settings) -> None:
    """Prometheus takes an interval of 0 for its own default of one minute."""
    made = prometheus.configuration(replace(settings, scrape_seconds=0.0001), alerting=True)
    assert made["global"]["scrape_interval"] == "1ms"


def test_no_rules(settings: Settings, tmp_path: Path) -> None:
    """Prometheus would start without any and watch nothing: it is said instead."""
    with pytest.raises(ConfigurationError, match=r"none: there are no rules \(\*\.yaml\); PUERTA_RULES_DIR chooses"):
        prometheus.configuration(replace(settings, rules_dir=tmp_path / "none"), alerting=True)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "no such file or directory; PUERTA_PROMETHEUS_CONFIG chooses another file"),
        ("a: [", "not YAML: "),
        ("- a\n", "list came, expected a mapping"),
        ("global: {}\n", "'external_labels' is not there"),
        ("global: {external_labels: {}}\nrule_files: []\nscrape_configs: [database]\n", "not what Prometheus reads: "),
    ],
)
def test_a_file_that_is_none(settings: Settings, tmp_path: Path, content: str | None, complaint: str) -> None:
    """It is named, with what is wrong with it."""
    mine = tmp_path / "mine.yaml"
    if content is not None:
        mine.write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        prometheus.configuration(replace(settings, prometheus_config=mine), alerting=True)
    assert str(caught.value).startswith(f"{mine}: ")
    assert complaint in str(caught.value)


def test_loopback_only(settings: Settings) -> None:
    """Nobody but this machine reaches it, and links in alerts lead to it."""
    words = prometheus.command(settings, "/usr/bin/prometheus")
    assert "--web.listen-address=127.0.0.1:9090" in words
    assert "--web.external-url=http://127.0.0.1:9090" in words
    assert "--enable-feature=exemplar-storage" in words


@pytest.mark.platform
@pytest.mark.parametrize("alerting", [True, False])
def test_promtool_takes_it(settings: Settings, alerting: bool) -> None:
    """With every rule that it names; and so it takes what containers read."""
    promtool = require("promtool", "apt install prometheus")
    configuration.write(prometheus.file(settings), prometheus.configuration(settings, alerting=alerting))
    command = [promtool, "check", "config", str(prometheus.file(settings))]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(" rules found") == len([*settings.rules_dir.glob("*.yaml"), "watching.yaml"])
    subprocess.run([promtool, "check", "config", COMMITTED], check=True, capture_output=True)


@pytest.mark.platform
def test_what_watches_is_watched() -> None:
    """Every alert of watching.yaml is proven: silent when all is well, there when it is not, silent again."""
    promtool = require("promtool", "apt install prometheus")
    rules, proofs = (yaml.safe_load((COMMITTED.parent / f"watching{end}.yaml").read_text()) for end in ("", ".test"))
    fired = [
        expected["alertname"]
        for case in proofs["tests"]
        for expected in case.get("alert_rule_test", ())
        if expected.get("exp_alerts")
    ]
    assert fired == [rule["alert"] for group in rules["groups"] for rule in group["rules"]]
    command = [promtool, "test", "rules", str(COMMITTED.parent / "watching.test.yaml")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
