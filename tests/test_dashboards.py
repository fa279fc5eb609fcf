"""Every query of every dashboard on the running platform: with traffic, idle, with a part that hangs, and without data."""

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.boards import latency, model_and_drift
from dashboards.check import committed
from dashboards.contract import merged, metrics, missing, recorded
from dashboards.liveness import QUIET, Seen, look
from dashboards.preview.model import Dashboard
from dashboards.preview.period import Period
from dashboards.preview.prometheus import Prometheus, PrometheusError
from monitoring.drift.rule import Rule
from puerta.settings import Settings
from service.metrics import SECONDS
from slo.burn import Windows
from slo.contract import Exposed, read_exposition
from slo.promql import selectors
from slo.reading import read_specs
from slo.spec import Spec
from tests.parts import require
from tests.runner import PATIENCE, ROOT, Runner, eventually, free_ports

DASHBOARDS = ROOT / "dashboards"
PARTS = {"service": "METRICS_PORT", "gateway": "GATEWAY_METRICS_PORT", "monitoring": "MONITORING_METRICS_PORT"}
AIRLINES = ("Grupo LATAM", "Sky Airline", "Iberia")
PAST = "load-test"  # judges the shown time, which stays what it was

platform_test = [pytest.mark.platform, pytest.mark.slow, pytest.mark.xdist_group("dashboards")]


@dataclass
class Watched:
    """A platform whose rules are sixty times as fast, and the Prometheus that watches it."""

    runner: Runner
    source: Prometheus

    def __post_init__(self) -> None:
        """Its traffic, which nobody has started yet."""
        self.traffic = Traffic(self)

    def ask(self, path: str, body: object, **headers: str) -> tuple[int, Any]:
        """One request through the gateway, with the demo key unless another is given."""
        sent = {"content-type": "application/json", "x-api-key": self.runner.key} | headers
        return self.runner.ask("POST", path, sent, body=json.dumps(body))

    def look(self, only: str = "", *, seconds: float = 60.0, **variables: str) -> list[Seen]:
        """All that the dashboards ask, or one of them, of the newest so many seconds."""
        now = time.time()
        return [
            seen
            for dashboard in committed(DASHBOARDS / "generated")
            if only in {"", dashboard.name}
            for seen in look(dashboard, self.source, Period(now - seconds, now), _of(dashboard, variables))
        ]

    def exposed(self) -> dict[str, Exposed]:
        """What each part exposes, by its job."""
        return {job: read_exposition([self.page(job)]) for job in PARTS}

    def page(self, job: str) -> str:
        """A part's metrics as text."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.runner.ports[PARTS[job]]}/metrics", timeout=10) as answer:
            return str(answer.read(), "utf-8")

    def value(self, query: str) -> float | None:
        """The newest value of a query with one series."""
        found = self.source.instant(query, time.time())
        return found[0].values[-1] if found else None


@pytest.fixture(scope="module")
def specs() -> tuple[Spec, ...]:
    """The objectives that ship."""
    return read_specs(ROOT / "slo/specs", Windows.read(ROOT / "slo/burn-windows.yaml"))


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Their rules, sixty times as fast."""
    folder = tmp_path_factory.mktemp("rules")
    command = [sys.executable, "-m", "slo", "generate", "--out", str(folder), "--faster", "60"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=PATIENCE)
    return folder / "rules"


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, rules: Path) -> Iterator[Watched]:
    """The whole platform after some traffic: good and bad requests, labels, a new model, a drift report."""
    require("prometheus", "apt install prometheus")
    folder = tmp_path_factory.mktemp("platform")
    packages = folder / "models"
    shutil.copytree(ROOT / "model-files/flight-delay", packages / "flight-delay")
    settings = {
        "PROMETHEUS": "prometheus",
        "RULES_DIR": str(rules),
        "SCRAPE_SECONDS": "1",
        "MODELS_DIR": str(packages),
        "OTLP_ENDPOINT": "http://127.0.0.1:1/v1/traces",  # nobody is there: spans are lost, and counted
        "TRACE_RATIO": "1",
        "MONITORING": "true",
        "EVIDENTLY": "false",  # nothing of its pages is on a dashboard
        "DRIFT_MIN_ROWS": "50",
        "DRIFT_STEP_HOURS": "0",
        "LABEL_MIN_COUNT": "20",
        "LABEL_DUE_DAYS": "0.00003",  # 2.6 s
    }
    with Runner(folder, working_folder=ROOT, **settings) as runner:
        runner.wait_for("Ctrl-C stops everything.")
        made = Watched(runner, Prometheus(f"http://127.0.0.1:{runner.ports['PROMETHEUS_PORT']}"))
        eventually(lambda: made.value('count(up{job=~"service|gateway|monitoring"} == 1)') == 3, "not all is scraped")
        made.traffic.start()
        time.sleep(4)
        _put_in(made, packages)
        _long_ago(runner, timedelta(hours=2))
        _report(runner)
        eventually(lambda: bool(made.value("sum(increase(label_late_total[1m]))")), "no label was ever late", pause=0.5)
        time.sleep(5)  # rules and rates have seen it all
        yield made
        made.traffic.stop()
        assert runner.stop() == 0


class Traffic:
    """Requests of all kinds, about thirty a second, until it is stopped."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._repeat)
        self.wrong: list[BaseException] = []

    def start(self) -> None:
        """Begin, in the background."""
        self._thread.start()

    def stop(self) -> None:
        """End; whatever was not answered as it should be fails here."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()
        if self.wrong:
            raise self.wrong[0]

    def _repeat(self) -> None:
        while not self._ended.wait(0.1):
            try:
                self._requests()
            except BaseException as error:  # noqa: BLE001 - a thread has nobody else to tell
                self.wrong.append(error)
                return

    def _requests(self) -> None:
        flights = [{"OPERA": AIRLINES[i % 3], "TIPOVUELO": "IN"[i % 2], "MES": 1 + i % 12} for i in range(12)]
        status, told = self._watched.ask("/v1/predict", {"instances": flights})
        assert status == 200
        ids = [prediction["id"] for prediction in told["predictions"]]
        labels = [{"id": one, "label": number % 2} for number, one in enumerate(ids[:8])]
        assert self._watched.ask("/v1/labels", {"labels": labels})[0] == 200
        assert self._watched.ask("/v1/predict", {"instances": [{}]})[0] == 422
        unseen = {"OPERA": "Nobody", "TIPOVUELO": "N", "MES": 1}
        assert self._watched.ask("/v1/predict", {"instances": [unseen]})[0] == 422
        assert self._watched.ask("/v1/predict", {"instances": flights}, **{"x-api-key": "wrong"})[0] in {400, 401}


def _put_in(watched: Watched, packages: Path) -> None:
    """A second model, while the platform runs."""
    shutil.copytree(ROOT / "model-files/flight-delay-onehot", packages / "flight-delay-onehot")
    url = f"http://127.0.0.1:{watched.runner.ports['METRICS_PORT']}/reload"
    with urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=10):
        pass


def _long_ago(runner: Runner, ago: timedelta) -> None:
    """The predictions so far once more, from long ago and under other ids: their labels were due, and never came."""
    events = runner.state / "events"
    lines = [json.loads(line) for path in events.glob("*.open") for line in path.read_text().splitlines()]
    for number, event in enumerate(lines):
        moved = datetime.fromisoformat(event["ts"]) - ago
        event |= {"id": f"{number:032x}", "ts": moved.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
    shutil.rmtree(runner.state / "reports")  # the platform's first report, which counted nothing of it
    (events / "long-ago.jsonl").write_text("".join(json.dumps(event) + "\n" for event in lines))


def _report(runner: Runner) -> None:
    """A report of drift and quality."""
    command = [sys.executable, "-m", "monitoring", "drift", "run"]
    environment = runner.environment
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode in {0, 1}, done.stderr  # 1: it drifts, which made-up flights do


def _of(dashboard: Dashboard, variables: Mapping[str, str]) -> dict[str, str]:
    return {one.name: variables[one.name] for one in dashboard.variables if one.name in variables}


def _told(seen: Iterable[Seen]) -> list[str]:
    return [f"{one.where}: {one.complaint or one.answer}: {one.query}" for one in seen]


class TestPlatform:
    """One platform, in the order of what happens to it."""

    pytestmark = platform_test

    def test_what_dashboards_ask_for_is_exposed(self, watched: Watched, specs: tuple[Spec, ...]) -> None:
        """Every metric, label and bucket; and whichever metric is renamed, panels that lose it are named."""
        windows = Windows.read(ROOT / "slo/burn-windows.yaml")
        boards = committed(DASHBOARDS / "generated")
        parts = watched.exposed()
        exposed = merged(recorded(specs, windows), *parts.values())
        assert [what for board in boards for what in missing(board, exposed)] == []
        renamed = watched.page("service").replace("prediction_total", "predictions_total")
        others = merged(recorded(specs, windows), read_exposition([renamed]), parts["gateway"], parts["monitoring"])
        lost = [what for board in boards for what in missing(board, others)]
        assert "service: Predictions (A): there is no metric prediction_total" in lost
        used = {name for board in boards for target in _targets(board) for name in metrics(target)}
        for name in used - set(recorded(specs, windows)):
            left = {metric: labels for metric, labels in exposed.items() if metric != name}
            assert any(f"no metric {name}" in what for board in boards for what in missing(board, left)), name

    def test_with_traffic_everything_is_there(self, watched: Watched) -> None:
        """No error, no NaN, data; but for what rightly has none, which gets it when it happens (below)."""
        seen = watched.look(heavy="1")
        assert len(seen) > 190
        silent = {"annotation Alerts", "annotation Model changes"}
        wrong = [one for one in seen if one.complaint and not (one.empty and not one.error and one.place in silent)]
        assert _told(wrong) == []
        assert {one.place for one in seen} >= set(QUIET)
        for place in set(QUIET) - silent:
            assert [one.where for one in seen if one.place == place and one.empty] == []

    @pytest.mark.parametrize("slo", ["latency", "platform", "drift", "label-arrival", "memory", "quality"])
    def test_every_objective_has_its_detail(self, watched: Watched, slo: str) -> None:
        """Of every kind: no error, no NaN; one that is made of others has no events of its own, and that alone."""
        seen = watched.look("slo-detail", slo=slo)
        assert [one for one in seen if one.error or not one.finite] == []
        empty = {one.place for one in seen if one.empty} - set(QUIET)
        thresholds = {place for place in empty if place.startswith("Burn rates and what alerts")}  # of other severities
        events = {"Events left (A)", "All and bad events (A)", "All and bad events (B)"}
        assert empty - thresholds == (events if slo == "platform" else set())

    @pytest.mark.parametrize(("window", "view"), [("7d", "plain"), ("28d", "aligned")])
    def test_every_window_and_view_is_there(self, watched: Watched, window: str, view: str) -> None:
        """Drift and quality of the other windows, and without regard to the calendar."""
        seen = [one for one in watched.look("model-and-drift", window=window, view=view) if one.panel is not None]
        assert _told(one for one in seen if one.complaint) == []
        asked = [one.query for one in seen if f'window=~"{window}"' in one.query and f'view=~"{view}"' in one.query]
        assert asked

    def test_exemplars_are_kept(self, watched: Watched) -> None:
        """The points on the latency chart are traces."""
        now = time.time()
        found = watched.source.exemplars("http_server_request_duration_seconds_bucket", now - 60, now)
        assert {"trace_id"} == {name for one in found for name in one.labels}

    def test_the_command_says_the_same(self, watched: Watched) -> None:
        """``check`` names what is quiet and why, and finds nothing wrong; of a Prometheus that is not there it says so."""
        done = _check("--prometheus", watched.source.url, "--last", "1m")
        assert (done.returncode, done.stderr) == (0, "")
        assert f"quiet: load-test: annotation Heavy traffic: {QUIET['annotation Heavy traffic']}" in done.stdout
        gone = _check("--prometheus", "http://127.0.0.1:1")
        assert gone.returncode == 1
        assert "no Prometheus answers at http://127.0.0.1:1" in gone.stderr

    def test_idle_is_neither_good_nor_bad(self, watched: Watched) -> None:
        """Without requests ratios and quantiles are empty, budgets are what they were, and nothing is NaN."""
        watched.traffic.stop()
        totals = "sum(slo:sli_total:rate5m{slo=~'latency|gateway-availability'})"
        eventually(lambda: watched.value(totals) == 0, "it was never idle", pause=0.5)
        seen = watched.look(seconds=5)
        assert _told(one for one in seen if one.error or not one.finite) == []
        now = {one.where: one for one in seen if one.target is not None and one.target.instant}
        for where in ("service: Errors (A)", "service: P90 (A)", "gateway: Refused (A)", "gateway: P90 (A)"):
            assert now[where].empty, where
        for where in ("gateway: Errors (A)", "gateway: Overhead, P99 (A)"):
            assert now[where].empty, where
        lefts = now["slo-overview: Budget left now (A)"].answer
        assert {"latency", "gateway-availability", "memory"} <= {one.labels["slo"] for one in lefts}

    def test_a_new_model_is_marked(self, watched: Watched) -> None:
        """What was put in while it ran stands on every chart."""

        def marked() -> bool:
            (mark,) = [one for one in watched.look("service") if one.place == "annotation Model changes"]
            return {one.labels["model"] for one in mark.answer} == {"flight-delay-onehot"}

        eventually(marked, "the new model was never marked", 2 * PATIENCE, pause=1)

    def test_of_a_part_that_hangs_nothing_is_well(self, watched: Watched, specs: tuple[Spec, ...]) -> None:
        """The service is stopped: what only it can tell is not green any more, alerts fire, and that is marked."""
        watched.traffic.stop()
        alone = _known_to(watched.exposed(), "service")
        unknown = {spec.name for spec in specs if any(_hangs(one.metric, one.match, alone) for one in selectors(spec))}
        assert {"service-availability", "latency", "memory", "prediction-log"} <= unknown
        unknown |= {spec.name for spec in specs if spec.sli.composite and set(spec.sli.composite.weights) & unknown}
        process = next(one for one in watched.runner.family() if one.cmdline()[-2:] == ["-m", "service"])
        process.suspend()
        try:
            eventually(lambda: watched.value('up{job="service"}') == 0, "the service was never missed")
            eventually(lambda: watched.value("slo:sli_total:rate5m{slo='latency'}") is None, "it was never forgotten")

            def fires() -> bool:
                watched.ask("/v1/predict", {"instances": []})
                return bool(watched.value('count(ALERTS{alertstate="firing",alertname=~"Gateway.*Page"})'))

            eventually(fires, "no page was fired", 2 * PATIENCE, pause=0.2)
            seen = watched.look(seconds=30)
        finally:
            process.send_signal(signal.SIGCONT)
        assert _told(one for one in seen if one.error or not one.finite) == []
        wrong = [one for one in seen if _claims(one, alone, unknown) and not _past(one)]
        assert _told(wrong) == []
        for place in ("annotation Alerts", "Pages firing (A)"):
            assert [one.where for one in seen if one.place == place and one.empty] == []
        (firing,) = [one for one in seen if one.place == "Pages firing (A)"]
        assert firing.answer[0].values[-1] >= 1
        (down,) = [one for one in seen if one.place == "Parts down (A)"]
        assert down.answer[0].values[-1] == 1
        (overview,) = [one for one in seen if one.place == "Objectives (A)"]
        verdicts = {one.labels["slo"]: one.values[-1] for one in overview.answer}
        assert verdicts["latency"] == 0
        assert verdicts["gateway-availability"] in {2, 3}
        eventually(
            lambda: watched.ask("/v1/predict", {"instances": []})[0] == 422, "the service was not taken in again"
        )


@pytest.mark.platform
@pytest.mark.slow
@pytest.mark.xdist_group("dashboards")
@pytest.mark.parametrize("with_rules", [False, True], ids=["empty", "rules alone"])
def test_with_no_data_nothing_looks_healthy(tmp_path: Path, rules: Path, *, with_rules: bool) -> None:
    """A Prometheus that knows nothing, and one that knows the objectives and nothing else."""
    with _prometheus(tmp_path, [rules / "*.yaml"] if with_rules else []) as source:
        if with_rules:
            eventually(lambda: bool(source.instant("count(slo:info) > 10", time.time())), "no rule was evaluated")
        now = time.time()
        boards = committed(DASHBOARDS / "generated")
        seen = [one for board in boards for one in look(board, source, Period(now - 5, now), {})]
    assert len(seen) > 190
    assert _told(one for one in seen if one.error or not one.finite) == []
    assert [one.where for one in seen if one.healthy()] == []
    assert [one.where for one in seen if one.healthy_without_data()] == []
    if not with_rules:
        assert _told(one for one in seen if not one.empty) == []


def test_bounds_and_scores_are_the_parts_own() -> None:
    """What a dashboard has to know and can't read from a spec is what the parts say."""
    assert latency.BOUNDS == SECONDS
    rule = Rule()
    assert (rule.score_warn, rule.score_alert) == (model_and_drift.WARN_SCORE, model_and_drift.ALERT_SCORE)


def test_provisioning_fits_the_platform() -> None:
    """The data source is the one that dashboards begin with, asked as often as the parts are."""
    (source,) = yaml.safe_load((DASHBOARDS / "provisioning/datasources/prometheus.yaml").read_text())["datasources"]
    data = source["jsonData"]
    assert data["httpMethod"] == "POST"
    assert data["timeInterval"] == f"{Settings().scrape_seconds:g}s"
    assert [one["name"] for one in data["exemplarTraceIdDestinations"]] == ["trace_id"]
    for path in (DASHBOARDS / "generated").glob("*.json"):
        (variable,) = [one for one in json.loads(path.read_text())["templating"]["list"] if one["name"] == "datasource"]
        assert variable["current"]["value"] == source["uid"]
    (provider,) = yaml.safe_load((DASHBOARDS / "provisioning/dashboards/puerta.yaml").read_text())["providers"]
    assert (provider["type"], provider["folder"], provider["allowUiUpdates"]) == ("file", "Puerta", False)


def _check(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "dashboards", "check", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE)


def _targets(board: Dashboard) -> list[str]:
    return [target.expr for panel in board.panels for target in panel.targets]


def _known_to(exposed: Mapping[str, Exposed], job: str) -> set[str]:
    """Metrics that no other part exposes."""
    others = {metric for other, found in exposed.items() if other != job for metric in found}
    return set(exposed[job]) - others


def _hangs(metric: str, match: Mapping[str, str], alone: set[str]) -> bool:
    return metric in alone or match.get("job") == "service"


def _claims(seen: Seen, alone: set[str], unknown: set[str]) -> bool:
    """Whether it shows as well what nobody knows now: by its own metrics, or by its objective's."""
    healthy = seen.healthy()
    return bool(healthy) and (
        bool(metrics(seen.query) & alone) or any(one.labels.get("slo") in unknown for one in healthy)
    )


def _past(seen: Seen) -> bool:
    """Whether it tells of a whole shown time: what was, stays."""
    return seen.dashboard == PAST


@contextlib.contextmanager
def _prometheus(folder: Path, rule_files: Iterable[Path]) -> Iterator[Prometheus]:
    """A Prometheus that scrapes nothing."""
    program = require("prometheus", "apt install prometheus")
    (port,) = free_ports(1)
    config = {"global": {"evaluation_interval": "1s"}, "rule_files": [str(path) for path in rule_files]}
    (folder / "prometheus.yml").write_text(json.dumps(config))
    source = Prometheus(f"http://127.0.0.1:{port}")

    def answers() -> bool:
        try:
            return source.instant("vector(1)", time.time()) != []
        except PrometheusError:
            return False

    command = [program, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            eventually(answers, "Prometheus never answered")
            yield source
        finally:
            process.terminate()
