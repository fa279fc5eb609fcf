"""An incident, seen end to end: the model fails and dawdles behind the real gateway, and the right people are told.

The rules are the committed ones with every duration divided by 60, and so are Alertmanager's routes: an hour takes a
minute. Nothing else is in play but what ``make run`` starts.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from tests.alerting import CONFIGURATION, Told, Webhook, faster_rules, shorter, webhook
from tests.parts import require
from tests.runner import PATIENCE, ROOT, Runner, eventually, stand_in

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.xdist_group("incident")]

FASTER = 60
HOUR = 3600 / FASTER  # seconds that an hour takes here
RATE = 300 / FASTER  # seconds until what is new is in whole in the rates that everything is recorded from
STEP = 1.0  # seconds between two scrapes, and between two evaluations
PAIRS = ((1, 1 / 12, 14.4), (6, 1 / 2, 6))  # long and short window in hours, burn rate: slo/burn-windows.yaml
FEWEST = 5  # failures; fewer alert nobody
CALM = 25.0
PER_SECOND = 25
FAULTS = {"fail_every": 20, "slow_every": 4, "slow_seconds": 1.2}
FLIGHT = '{"instances": [{"OPERA": "Grupo LATAM", "TIPOVUELO": "N", "MES": 7}]}'


class Outcome(NamedTuple):
    """What a caller saw of one request: when it was answered (seconds since the epoch), with what, after how long."""

    at: float
    status: int
    seconds: float


@dataclass(frozen=True)
class Objective:
    """The part of the requests that may be bad, and which are; ``page`` is the alert that tells of too many."""

    name: str
    page: str
    budget: float
    bad: Callable[[Outcome], bool]

    def due(self, outcomes: list[Outcome]) -> float:
        """When the page has to come, by what callers saw: as soon as one of the pairs burns in both of its windows.

        That is threshold / error ratio x long window, or x the traffic there is yet, where that is less.
        """
        for now in sorted(outcome.at for outcome in outcomes):
            for long, short, factor in PAIRS:
                if self._burns(outcomes, now, long, factor, FEWEST) and self._burns(outcomes, now, short, factor, 0):
                    return now
        raise AssertionError(f"what callers saw is no reason for {self.page}")

    def _burns(self, outcomes: list[Outcome], now: float, hours: float, factor: float, fewest: int) -> bool:
        seen = [outcome for outcome in outcomes if now - hours * HOUR < outcome.at <= now]
        failures = sum(map(self.bad, seen))
        return failures >= fewest and failures > factor * self.budget * len(seen)


AVAILABILITY = Objective("gateway-availability", "GatewayAvailabilityBudgetPage", 0.0005, lambda one: one.status >= 500)
TAIL = Objective("latency-tail", "LatencyTailBudgetPage", 0.01, lambda one: one.seconds > 1)
BOTH = pytest.mark.parametrize("objective", [AVAILABILITY, TAIL], ids=lambda objective: objective.name)


@dataclass(frozen=True)
class Incident:
    """All that was seen of it. Times are seconds since the epoch."""

    began: float
    ended: float
    outcomes: list[Outcome]
    told: list[Told]
    prometheus: dict[str, dict[str, Any]]  # its alerts while both pages fired, by name
    alertmanager: dict[str, dict[str, Any]]

    def pages(self) -> list[Told]:
        """What whoever is paged was told."""
        return [told for told in self.told if told.message["receiver"] == "page"]


@pytest.fixture(scope="module")
def incident(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Incident]:
    """Calm; then requests fail and dawdle until somebody is told of both; then calm again until it is over."""
    require("prometheus", "apt install prometheus")
    require("prometheus-alertmanager", "apt install prometheus-alertmanager")
    folder = tmp_path_factory.mktemp("incident")
    faults = folder / "faults.json"
    with webhook() as receiver, _platform(folder, faults, receiver) as platform:
        outcomes: list[Outcome] = []
        with _callers(platform, outcomes):
            time.sleep(CALM)
            began = time.time()
            _command(faults, FAULTS)
            pages = [objective.page for objective in (AVAILABILITY, TAIL)]
            eventually(lambda: _told(receiver, pages, "firing"), "nobody was paged")
            prometheus = {alert["labels"]["alertname"]: alert for alert in _prometheus(platform)}
            alertmanager = {alert["labels"]["alertname"]: alert for alert in _alertmanager(platform)}
            faults.unlink()
            ended = time.time()
            eventually(lambda: _told(receiver, pages, "resolved"), "it was never over", 2 * PATIENCE)
            time.sleep(5)  # whatever would be told twice
        yield Incident(began, ended, outcomes, list(receiver.told), prometheus, alertmanager)
        assert platform.stop() == 0


@contextmanager
def _platform(folder: Path, faults: Path, receiver: Webhook) -> Iterator[Runner]:
    with Runner(
        folder,
        working_folder=stand_in(folder, "faulty_service.py"),
        STUB_FAULTS=str(faults),
        MODELS_DIR=str(ROOT / "model-files"),
        INLINE_SECONDS="0",  # in threads: a slow prediction must not keep the others waiting
        THREADS="40",
        PROMETHEUS="prometheus",
        RULES_DIR=str(faster_rules(folder, FASTER)),
        SCRAPE_SECONDS=str(STEP),
        ALERTMANAGER="prometheus-alertmanager",
        ALERTMANAGER_CONFIG=str(shorter(CONFIGURATION, FASTER, folder)),
        ALERT_WEBHOOK=receiver.url,
    ) as platform:
        platform.wait_for("Ctrl-C stops everything.")
        # What came before Prometheus first looked is in no rate.
        eventually(lambda: {"service", "gateway"} <= _scraped(platform), "not every part was scraped", pause=0.2)
        yield platform


@contextmanager
def _callers(platform: Runner, outcomes: list[Outcome]) -> Iterator[None]:
    """So many requests a second, whatever becomes of them, while the ``with`` block lasts."""
    headers = {"content-type": "application/json", "x-api-key": platform.key}

    def call() -> None:
        began = time.monotonic()
        status = platform.ask("POST", "/v1/predict", headers, body=FLIGHT)[0]
        outcomes.append(Outcome(time.time(), status, time.monotonic() - began))

    def call_evenly() -> None:
        with ThreadPoolExecutor(2 * PER_SECOND) as threads:
            began = time.monotonic()
            for turn in range(1_000_000):
                if stop.wait(max(0.0, began + turn / PER_SECOND - time.monotonic())):
                    break
                threads.submit(call)

    stop = threading.Event()
    thread = threading.Thread(target=call_evenly)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _command(path: Path, faults: dict[str, float]) -> None:
    whole = path.with_suffix(".new")
    whole.write_text(json.dumps(faults))
    whole.replace(path)


def _told(receiver: Webhook, alerts: list[str], status: str) -> bool:
    return set(alerts) <= {name for told in receiver.told for name in told.alerts(status)}


def _get(port: int, path: str) -> Any:
    with urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) as answer:
        return json.load(answer)


def _scraped(platform: Runner) -> set[str]:
    targets = _get(platform.ports["PROMETHEUS_PORT"], "/api/v1/targets")["data"]["activeTargets"]
    return {target["labels"]["job"] for target in targets if target["health"] == "up"}


def _prometheus(platform: Runner) -> list[Any]:
    alerts: list[Any] = _get(platform.ports["PROMETHEUS_PORT"], "/api/v1/alerts")["data"]["alerts"]
    return alerts


def _alertmanager(platform: Runner) -> list[Any]:
    alerts: list[Any] = _get(platform.ports["ALERTMANAGER_PORT"], "/api/v2/alerts")
    return alerts


def test_calm_pages_nobody(incident: Incident) -> None:
    """Until something was wrong everything was answered, and nobody was told of the objectives of answers."""
    before = [outcome for outcome in incident.outcomes if outcome.at < incident.began]
    assert len(before) > 0.8 * CALM * PER_SECOND
    assert {outcome.status for outcome in before} == {200}
    early = {told.slo for told in incident.told if told.at < incident.began}
    assert early & {AVAILABILITY.name, TAIL.name, "service-availability", "platform"} == set()
    assert [told for told in incident.pages() if told.at < incident.began] == []


@BOTH
def test_page_fires_at_the_computed_time(incident: Incident, objective: Objective) -> None:
    """Not before what callers saw was too much; after that as soon as the rates hold it in whole, and some steps."""
    due = objective.due(incident.outcomes)
    assert incident.began < due
    active = datetime.fromisoformat(incident.prometheus[objective.page]["activeAt"][:26] + "+00:00").timestamp()
    assert due <= active <= due + RATE + 4 * STEP


@BOTH
def test_page_is_told_once(incident: Incident, objective: Objective) -> None:
    """One notification that it fires, to whoever is paged, with all that its reader needs."""
    (firing,) = [told for told in incident.pages() if objective.page in told.alerts("firing")]
    assert firing.message["groupLabels"] == {"slo": objective.name}
    (alert,) = firing.message["alerts"]
    assert alert["labels"]["severity"] == "page"
    assert incident.began < firing.at < incident.ended
    assert "error budget" in alert["annotations"]["summary"]
    assert alert["annotations"]["owner"] == "platform"


@BOTH
def test_link_leads_to_the_runbook(incident: Incident, objective: Objective) -> None:
    """Prometheus' external label is the link's beginning, and is not told beside it."""
    alert = incident.alertmanager[objective.page]
    page = Path(urlsplit(alert["annotations"]["runbook_url"]).path)
    assert page == ROOT / "monitoring" / "runbooks" / f"{objective.name}.md"
    assert "## What to do" in page.read_text()
    assert "runbooks" not in alert["labels"]


@BOTH
def test_ticket_is_held_back_by_the_page(incident: Incident, objective: Objective) -> None:
    """The ticket of the same objective burns too, and says nothing until the page is over: somebody is up already."""
    ticket = incident.alertmanager[objective.page.replace("Page", "Ticket")]
    assert ticket["status"]["state"] == "suppressed"
    assert ticket["status"]["inhibitedBy"] == [incident.alertmanager[objective.page]["fingerprint"]]
    paged = next(told.at for told in incident.pages() if told.slo == objective.name)
    (over,) = [
        datetime.fromisoformat(alert["endsAt"]).timestamp()
        for told in incident.pages()
        for alert in told.message["alerts"]
        if alert["status"] == "resolved" and alert["labels"]["slo"] == objective.name
    ]
    meanwhile = [told for told in incident.told if told.slo == objective.name and paged <= told.at < over]
    assert {told.message["receiver"] for told in meanwhile} == {"page"}


def test_nobody_is_paged_for_anything_else(incident: Incident) -> None:
    """Not for the platform as a whole, which is the sum of its parts, nor for what was not measured here."""
    assert {told.slo for told in incident.pages()} == {AVAILABILITY.name, TAIL.name}
    assert "PlatformBudgetTicket" in incident.alertmanager
    assert incident.alertmanager["PlatformBudgetTicket"]["status"]["state"] == "suppressed"


@BOTH
def test_its_end_is_told_once(incident: Incident, objective: Objective) -> None:
    """After recovery, when the shorter windows are clean again; nothing is told after that."""
    (resolved,) = [told for told in incident.pages() if objective.page in told.alerts("resolved")]
    assert resolved.alerts("firing") == []
    assert resolved == [told for told in incident.pages() if told.slo == objective.name][-1]
    assert 0 < resolved.at - incident.ended < HOUR
