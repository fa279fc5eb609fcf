"""Alertmanager's routes, examples and words, as amtool and a real Alertmanager take them."""

import http.client
import json
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import yaml

from gateway_config.ports import free_port
from puerta import alertmanager, configuration
from puerta.settings import Settings
from slo.burn import Windows
from slo.reading import read_specs
from slo.rules import groups
from tests.alerting import CONFIGURATION, Webhook, shorter, webhook
from tests.parts import require
from tests.runner import PATIENCE, ROOT, eventually

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("alertmanager")]

FOLDER = CONFIGURATION.parent
EXAMPLES = sorted((FOLDER / "examples").glob("*.yaml"))
FASTER = 600  # a page waits for 17 ms, a ticket for 0.5 s; what else comes of an objective's tickets for 1.5 s
SLO = "gateway-availability"


def amtool(*words: str) -> str:
    """What amtool says; it must find nothing wrong."""
    program = require("amtool", "apt install prometheus-alertmanager")
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("path", [CONFIGURATION, *EXAMPLES], ids=lambda path: path.stem)
def test_amtool_takes_it(path: Path) -> None:
    """Each file is a whole configuration, and finds the templates."""
    assert " - 1 templates" in amtool("check-config", str(path))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_differ_in_receivers_alone(path: Path) -> None:
    """Who has copied one has the same routes; every secret is in a file, none in the configuration."""
    example, committed = (yaml.safe_load(text) for text in (path.read_text(), CONFIGURATION.read_text()))
    for part in ("route", "inhibit_rules"):
        assert example[part] == committed[part]
    assert [receiver["name"] for receiver in example["receivers"]] == ["page", "ticket"]
    named = set(_keys(example))
    assert any(name.endswith("_file") for name in named)
    assert not named & {"api_url", "routing_key", "service_key", "smtp_auth_password", "auth_password"}


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _keys(item)
    elif isinstance(value, list):
        for item in value:
            yield from _keys(item)


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (["severity=page", f"slo={SLO}"], "page"),
        (["severity=ticket", f"slo={SLO}"], "ticket"),
        (["severity=page"], "page"),
        (["alertname=Other"], "ticket"),
    ],
)
def test_where_alerts_go(labels: list[str], receiver: str) -> None:
    """By severity; what says none is a ticket."""
    assert amtool("config", "routes", "test", f"--config.file={CONFIGURATION}", *labels).strip() == receiver


def test_every_alert_of_the_objectives_goes_where_its_severity_says() -> None:
    """Whatever specs there are: no alert is lost, and no severity is unknown here."""
    windows = Windows.read(ROOT / "slo" / "burn-windows.yaml")
    for spec in read_specs(ROOT / "slo" / "specs", windows):
        for group in groups(spec, windows):
            for labels in {tuple(sorted(rule.labels.items())) for rule in group.rules if rule.alert}:
                words = [f"{name}={value}" for name, value in labels]
                receiver = amtool("config", "routes", "test", f"--config.file={CONFIGURATION}", *words).strip()
                assert receiver == dict(labels)["severity"]


def test_the_whole_is_inhibited_by_its_parts() -> None:
    """The rule names a composite objective's parts as its spec does."""
    windows = Windows.read(ROOT / "slo" / "burn-windows.yaml")
    composites = {
        f'slo="{spec.name}"': f'slo=~"{"|".join(sorted(spec.sli.composite.weights))}"'
        for spec in read_specs(ROOT / "slo" / "specs", windows)
        if spec.sli.composite is not None
    }
    rules = yaml.safe_load(CONFIGURATION.read_text())["inhibit_rules"][1:]
    assert {rule["target_matchers"][0]: rule["source_matchers"][1] for rule in rules} == composites


def render(template: str, folder: Path, *alerts: dict[str, Any], status: str = "firing") -> str:
    """A template's text for some alerts of one objective, or of none."""
    data = folder / "data.json"
    common = {name: value for name, value in alerts[0]["labels"].items() if name != "alertname"}
    data.write_text(json.dumps({"status": status, "alerts": alerts, "commonLabels": common}))
    files = f"--template.glob={FOLDER}/templates/*.tmpl"
    return amtool(
        "template", "render", files, f'--template.text={{{{ template "{template}" . }}}}', f"--template.data={data}"
    )


def alert(name: str, status: str = "firing") -> dict[str, Any]:
    """An alert, as templates are given it."""
    return {
        "status": status,
        "labels": {"alertname": name, "slo": SLO, "severity": "page"},
        "annotations": {
            "summary": "Availability: the error budget burns too fast",
            "description": "Callers get errors.",
            "runbook_url": "https://example.com/gateway-availability.md",
            "owner": "platform",
        },
        "startsAt": "2026-01-01T08:00:00Z",
        "endsAt": "2026-01-01T09:30:00Z",
    }


def test_words(tmp_path: Path) -> None:
    """A reader learns what it is, what it means for the budget, what to do, whose it is and since when."""
    page = alert("GatewayAvailabilityBudgetPage")
    assert render("puerta.title", tmp_path, page).strip() == (
        "Page: Availability: the error budget burns too fast (gateway-availability)"
    )
    assert render("puerta.text", tmp_path, page).strip().splitlines() == [
        "Availability: the error budget burns too fast",
        "Callers get errors.",
        "At this pace the whole error budget is gone in 5 days or less: look now.",
        "",
        "What to do: https://example.com/gateway-availability.md",
        "Dashboard:  http://127.0.0.1:3000/d/puerta-slo-detail?var-slo=gateway-availability",
        "Owner:      platform",
        "Since:      2026-01-01 08:00:00 UTC",
    ]
    over = alert("GatewayAvailabilityBudgetPage", "resolved")
    assert render("puerta.title", tmp_path, over, status="resolved").startswith("Over: Availability")
    assert render("puerta.text", tmp_path, over, status="resolved").strip() == (
        "Over: Availability: the error budget burns too fast, from 2026-01-01 08:00:00 to 2026-01-01 09:30:00 UTC."
    )


def test_link_leads_to_a_dashboard(tmp_path: Path) -> None:
    """The dashboard is one that is built, and has the variable that the link sets."""
    text = render("puerta.text", tmp_path, alert("GatewayAvailabilityBudgetPage"))
    link = re.search(r"/d/([\w-]+)\?var-(\w+)=", text)
    assert link
    built = [json.loads(path.read_text()) for path in (ROOT / "dashboards" / "generated").glob("*.json")]
    (board,) = [board for board in built if board["uid"] == link[1]]
    assert link[2] in {variable["name"] for variable in board["templating"]["list"]}


def test_words_of_what_is_about_no_objective(tmp_path: Path) -> None:
    """Neither a budget is told of nor a dashboard."""
    down = alert("TargetDown") | {"labels": {"alertname": "TargetDown", "severity": "ticket"}}
    assert render("puerta.title", tmp_path, down).strip() == "Ticket: Availability: the error budget burns too fast"
    assert render("puerta.text", tmp_path, down).strip().splitlines()[2:] == [
        "",
        "",
        "What to do: https://example.com/gateway-availability.md",
        "Owner:      platform",
        "Since:      2026-01-01 08:00:00 UTC",
    ]


def test_words_for_each_kind(tmp_path: Path) -> None:
    """The days that are told are those of the slowest burn rate that alerts; of what is not measured nobody knows."""
    windows = Windows.read(ROOT / "slo" / "burn-windows.yaml").by_period["30d"]
    for severity in ("page", "ticket"):
        days = int(30 / min(pair.factor for pair in windows[severity]))
        text = render("puerta.text", tmp_path, alert(f"GatewayAvailabilityBudget{severity.title()}"))
        assert f"the whole error budget is gone in {days} days or less" in text
    assert "Nobody knows what is left" in render("puerta.text", tmp_path, alert("GatewayAvailabilityAbsent"))


class Alertmanager:
    """A real one with the committed routes, which do not wait as long, and somebody who is told."""

    def __init__(self, port: int, receiver: Webhook) -> None:
        self.port = port
        self.receiver = receiver

    def get(self, path: str) -> bytes:
        """What it answers."""
        with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=PATIENCE) as answer:
            content: bytes = answer.read()
            return content

    def post(self, slo: str, *alerts: str, over: bool = False) -> None:
        """Alerts of one objective, all at once; their names say their severity."""
        now = datetime.now(UTC).isoformat()  # one that began long ago would not wait for its group
        ends = {"endsAt": now} if over else {}
        body = [
            {
                "labels": {"alertname": name, "slo": slo, "severity": "ticket" if name.endswith("Ticket") else "page"},
                "startsAt": now,
                **ends,
            }
            for name in alerts
        ]
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("POST", "/api/v2/alerts", json.dumps(body), {"content-type": "application/json"})
        assert connection.getresponse().status == 200
        connection.close()

    def state(self, name: str, slo: str) -> str:
        """``active``, ``suppressed`` or, while it is new, ``unprocessed``."""
        (state,) = [
            alert["status"]["state"]
            for alert in json.loads(self.get("/api/v2/alerts"))
            if (alert["labels"]["alertname"], alert["labels"]["slo"]) == (name, slo)
        ]
        return str(state)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    """Started as ``python -m puerta`` starts it."""
    program = require("prometheus-alertmanager", "apt install prometheus-alertmanager")
    folder = tmp_path_factory.mktemp("alertmanager")
    with webhook() as receiver:
        settings = Settings(
            state_dir=folder,
            alertmanager_port=free_port(),
            alertmanager_config=shorter(CONFIGURATION, FASTER, folder),
            alert_webhook=receiver.url,
        )
        configuration.write(alertmanager.file(settings), alertmanager.configuration(settings))
        started = Alertmanager(settings.alertmanager_port, receiver)
        with subprocess.Popen(alertmanager.command(settings, program)) as process:
            try:
                eventually(lambda: _ready(started) or process.poll() is not None, "Alertmanager is not ready")
                yield started
            finally:
                process.terminate()


def _ready(started: Alertmanager) -> bool:
    try:
        return started.get("/-/ready") == b"OK"
    except OSError:
        return False


def test_two_alerts_of_an_objective_are_one_notification(running: Alertmanager) -> None:
    """And two objectives are two; each is told once, and that it is over once."""
    both = {"GroupedBudgetPage", "GroupedAbsent"}
    running.post("grouped", *both)
    running.post("alone", "AloneBudgetPage")
    eventually(lambda: bool(running.receiver.about("grouped", "page")), "nobody was told")
    eventually(lambda: bool(running.receiver.about("alone", "page")), "nobody was told of the other")
    (told,) = running.receiver.about("grouped", "page")
    assert set(told.alerts("firing")) == both
    running.post("grouped", *both, over=True)
    eventually(lambda: len(running.receiver.about("grouped", "page")) > 1, "nobody was told that it is over")
    time.sleep(1)
    assert [set(told.alerts("resolved")) for told in running.receiver.about("grouped", "page")] == [set(), both]
    assert len(running.receiver.about("alone", "page")) == 1


def test_ticket_waits_for_the_page_to_be_over(running: Alertmanager) -> None:
    """While an objective pages, its ticket is held back, another objective's is not; it comes when the page is over."""
    running.post("paging", "PagingBudgetPage", "PagingBudgetTicket")
    running.post("other", "OtherBudgetTicket")
    eventually(lambda: bool(running.receiver.about("other", "ticket")), "the other objective's ticket never came")
    eventually(lambda: running.state("PagingBudgetTicket", "paging") == "suppressed", "the ticket is not held back")
    assert running.state("OtherBudgetTicket", "other") == "active"
    time.sleep(2)
    assert running.receiver.about("paging", "ticket") == []
    running.post("paging", "PagingBudgetPage", over=True)
    eventually(lambda: bool(running.receiver.about("paging", "ticket")), "the ticket never came")


def test_a_part_speaks_for_the_whole(running: Alertmanager) -> None:
    """The platform's own page says nothing new while one of its parts pages; alone it is told."""
    running.post(SLO, "GatewayAvailabilityBudgetPage")
    running.post("platform", "PlatformBudgetPage")
    eventually(lambda: running.state("PlatformBudgetPage", "platform") == "suppressed", "it is not held back")
    running.post(SLO, "GatewayAvailabilityBudgetPage", over=True)
    eventually(lambda: bool(running.receiver.about("platform", "page")), "it was never told")


def test_amtool_shows_them(running: Alertmanager) -> None:
    """The command that ``python -m puerta`` prints, for Debian's Alertmanager has no page."""
    running.post("shown", "ShownBudgetPage")
    eventually(
        lambda: "ShownBudgetPage" in amtool("alert", f"--alertmanager.url=http://127.0.0.1:{running.port}"),
        "it is not shown",
    )


def test_webhook_that_is_configured_in_the_file_stays(tmp_path: Path) -> None:
    """Where the examples' receivers are used, ``PUERTA_ALERT_WEBHOOK`` adds to them."""
    settings = Settings(state_dir=tmp_path, alertmanager_config=EXAMPLES[0], alert_webhook="http://127.0.0.1:1/")
    made = alertmanager.configuration(replace(settings, state_dir=tmp_path))
    configuration.write(alertmanager.file(settings), made)
    amtool("check-config", str(alertmanager.file(settings)))
    assert all(len(receiver) == 3 for receiver in made["receivers"])
