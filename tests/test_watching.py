"""``python -m puerta`` with what watches it: what is wrong with a set-up is said, and where nobody watches, that is."""

import json
import shutil
import socket
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.alerting import faster_rules, faster_watching
from tests.parts import require
from tests.runner import PATIENCE, ROOT, Runner, eventually, stand_in

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("watching")]

BOTH = {"PROMETHEUS": "prometheus", "ALERTMANAGER": "prometheus-alertmanager,alertmanager"}


@pytest.fixture(autouse=True)
def _both_are_there() -> None:
    """Their absence is a failure in CI."""
    for program in ("prometheus", "prometheus-alertmanager"):
        require(program, f"apt install {program}")


@pytest.fixture
def stub(tmp_path: Path) -> Path:
    """A folder in which ``python -m service`` is the stub, which is there at once."""
    return stand_in(tmp_path, "stub_service.py")


def test_both_are_started_and_stopped(tmp_path: Path, stub: Path) -> None:
    """They are ready when the platform is, listen on the loopback alone, and end with it; it is said where they are."""
    with Runner(tmp_path, working_folder=stub, **BOTH) as runner:
        said = runner.wait_for("Ctrl-C stops everything.")
        assert f"Prometheus: http://127.0.0.1:{runner.ports['PROMETHEUS_PORT']};" in said
        address = f"http://127.0.0.1:{runner.ports['ALERTMANAGER_PORT']}"
        assert f"Alerts: amtool alert --alertmanager.url={address}; PUERTA_ALERT_WEBHOOK sends them on" in said
        listening = {
            (member.name(), connection.laddr.ip)
            for member in runner.family()
            for connection in member.net_connections("inet")
            if connection.status == "LISTEN" and "prometheus" in member.name()
        }
        assert {address for _, address in listening} == {"127.0.0.1"}
        assert len(listening) == 2
        assert runner.stop() == 0
    assert "Everything has stopped." in runner.said()


@pytest.mark.parametrize("name", ["PROMETHEUS_PORT", "ALERTMANAGER_PORT"])
def test_taken_port(tmp_path: Path, stub: Path, name: str) -> None:
    """It is named with its setting, before anything is started."""
    runner = Runner(tmp_path, working_folder=stub, **BOTH)
    with socket.socket() as other:
        other.bind(("127.0.0.1", runner.ports[name]))
        other.listen()
        with runner:
            assert runner.process.wait(PATIENCE) == 1
    taken = f"port {runner.ports[name]} on 127.0.0.1 is taken; PUERTA_{name} chooses another one"
    assert runner.said().strip() == taken


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"RULES_DIR": "/nowhere"}, "/nowhere: there are no rules (*.yaml); PUERTA_RULES_DIR chooses another folder"),
        (
            {"PROMETHEUS_CONFIG": "/nowhere.yaml"},
            "/nowhere.yaml: no such file or directory; PUERTA_PROMETHEUS_CONFIG chooses another file",
        ),
        (
            {"ALERTMANAGER_CONFIG": "/nowhere.yaml"},
            "/nowhere.yaml: no such file or directory; PUERTA_ALERTMANAGER_CONFIG chooses another file",
        ),
        (
            {"ALERT_WEBHOOK": "on-call@example.com"},
            "PUERTA_ALERT_WEBHOOK is 'on-call@example.com', expected a URL that starts with http:// or https://",
        ),
    ],
)
def test_mistakes(tmp_path: Path, stub: Path, settings: dict[str, str], said: str) -> None:
    """A mistake in the set-up is one line, and nothing is started."""
    with Runner(tmp_path, working_folder=stub, **BOTH, **settings) as runner:
        assert runner.process.wait(PATIENCE) == 1
    assert runner.said().strip() == said


def test_a_part_that_cannot_be_started(tmp_path: Path, stub: Path) -> None:
    """It is named, whatever the operating system says; the others are stopped again."""
    runner = Runner(tmp_path, working_folder=stub, **BOTH)
    runner.state.mkdir()
    (runner.state / "alertmanager").write_text("in the way")
    with runner:
        assert runner.process.wait(PATIENCE) == 1
        assert runner.family() == []
    assert "alertmanager can't be started: [Errno 17] File exists" in runner.said()


def test_rules_that_are_none(tmp_path: Path, stub: Path) -> None:
    """Prometheus' own words of what is wrong with a rule are told, and nothing is left running."""
    rules = tmp_path / "rules"
    shutil.copytree(ROOT / "slo" / "generated" / "rules", rules)
    (rules / "mine.yaml").write_text("groups: [{name: mine, rules: [{record: a, expr: 'sum('}]}]\n")
    with Runner(tmp_path, working_folder=stub, **BOTH, RULES_DIR=str(rules)) as runner:
        assert runner.process.wait(PATIENCE) == 1
        assert runner.family() == []
    assert "prometheus ended with exit code 1 before it was ready; the end of" in runner.said()
    assert "loading groups failed" in runner.said()
    assert "mine.yaml" in runner.said()


def test_without_alertmanager(tmp_path: Path, stub: Path) -> None:
    """Prometheus watches, and it is said that nobody is told."""
    with Runner(tmp_path, working_folder=stub, PROMETHEUS="prometheus") as runner:
        said = runner.wait_for("Ctrl-C stops everything.")
        assert "Alertmanager is not installed (Debian: apt install prometheus-alertmanager), so nobody is told." in said
        assert runner.stop() == 0


def test_without_prometheus(tmp_path: Path, stub: Path) -> None:
    """Neither is started, and it is said that nobody watches."""
    with Runner(tmp_path, working_folder=stub, ALERTMANAGER=BOTH["ALERTMANAGER"]) as runner:
        said = runner.wait_for("Ctrl-C stops everything.")
        assert "Prometheus is not installed (Debian: apt install prometheus), so nobody watches the objectives." in said
        assert "alertmanager" not in said
        assert runner.stop() == 0


@pytest.mark.slow
def test_a_fresh_platform_alerts_nobody_until_a_part_hangs(tmp_path: Path) -> None:
    """All parts run and nobody calls: nothing pends or fires. Then one stops answering: its objectives are not measured.

    Nor is the part itself scraped, and that is said too.
    """
    settings = {
        "RULES_DIR": str(faster_rules(tmp_path, 30)),  # ten minutes are twenty seconds: the first report may take some
        "PROMETHEUS_CONFIG": str(faster_watching(tmp_path, 30)),
        "SCRAPE_SECONDS": "1",
    }
    with Runner(tmp_path, working_folder=ROOT, **BOTH, **settings, MONITORING="true") as runner:
        runner.wait_for("Ctrl-C stops everything.")
        until = time.monotonic() + 22
        while time.monotonic() < until or _alerts(runner):  # what pends goes, or fires
            assert {name for name, state in _alerts(runner) if state == "firing"} == set()
            time.sleep(0.5)
        (monitoring,) = [member for member in runner.family() if member.cmdline()[-2:] == ["monitoring", "schedule"]]
        monitoring.suspend()
        try:
            fire = {("DriftFreshnessAbsent", "firing"), ("TargetDown", "firing")}
            eventually(lambda: fire <= set(_alerts(runner)), "nobody was told")
        finally:
            monitoring.resume()
        assert all(name.endswith("Absent") or name == "TargetDown" for name, _ in _alerts(runner))
        eventually(lambda: "TargetDown" not in dict(_alerts(runner)), "it was never over")


def _alerts(runner: Runner) -> list[tuple[str, str]]:
    with urlopen(f"http://127.0.0.1:{runner.ports['PROMETHEUS_PORT']}/api/v1/alerts", timeout=PATIENCE) as answer:
        return [(alert["labels"]["alertname"], alert["state"]) for alert in json.load(answer)["data"]["alerts"]]
