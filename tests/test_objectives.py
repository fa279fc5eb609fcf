"""The objectives on the running platform: a real Prometheus evaluates their rules, and what they need is exposed.

The rules are the committed ones at twelve times the pace; that Prometheus takes the committed ones: ``test_watching.py``.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from tests.alerting import faster_rules, faster_watching
from tests.parts import require
from tests.runner import PATIENCE, ROOT, Runner, eventually

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.xdist_group("objectives")]

NEEDED = {"memory", "gateway-availability", "service-availability"}
FASTER = 12  # rules are evaluated every 2.5 seconds
SCRAPED = ["gateway", "monitoring", "prometheus", "service"]
EXPOSED = ("METRICS_PORT", "GATEWAY_METRICS_PORT", "MONITORING_METRICS_PORT")
FLIGHT = '{"instances": [{"OPERA": "Grupo LATAM", "TIPOVUELO": "N", "MES": 7}]}'


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """The platform with its Prometheus; where that is missing, CI fails."""
    require("prometheus", "apt install prometheus")
    folder = tmp_path_factory.mktemp("platform")
    with Runner(
        folder,
        PROMETHEUS="prometheus",
        RULES_DIR=str(faster_rules(folder, FASTER)),
        PROMETHEUS_CONFIG=str(faster_watching(folder, FASTER)),
        SCRAPE_SECONDS="1",
        MONITORING="true",
        OTLP_ENDPOINT="http://127.0.0.1:9/v1/traces",  # nobody takes the traces, but they are made
    ) as runner:
        runner.wait_for("Ctrl-C stops everything.")
        # What came before Prometheus first looked is in no rate.
        eventually(lambda: _scraped(runner) == SCRAPED, "not every part was scraped")
        headers = {"content-type": "application/json", "x-api-key": runner.key}
        for _ in range(20):
            assert runner.ask("POST", "/v1/predict", headers, body=FLIGHT)[0] == 200
        assert runner.ask("POST", "/v1/predict", headers, body='{"instances": [{}]}')[0] == 422
        yield runner
        assert runner.stop() == 0


def _slo(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "slo", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE)


def _prometheus(platform: Runner, path: str) -> Any:
    url = f"http://127.0.0.1:{platform.ports['PROMETHEUS_PORT']}/api/v1/{path}"
    with urlopen(url, timeout=PATIENCE) as answer:
        return json.load(answer)["data"]


def _scraped(platform: Runner) -> list[str]:
    targets = _prometheus(platform, "targets")["activeTargets"]
    return sorted(target["labels"]["job"] for target in targets if target["health"] == "up")


def test_what_objectives_need_is_exposed(platform: Runner) -> None:
    """Every metric, label and bucket that a rule uses, at the parts that run."""
    parts = [f"http://127.0.0.1:{platform.ports[name]}/metrics" for name in EXPOSED]
    eventually(lambda: _slo("check", "--metrics", *parts).returncode == 0, _slo("check", "--metrics", *parts).stderr)
    without_gateway = _slo("check", "--metrics", parts[0], parts[2])
    assert without_gateway.returncode == 1
    assert "gateway-availability: there is no metric gateway_requests_total" in without_gateway.stderr


def test_prometheus_evaluates_every_rule(platform: Runner) -> None:
    """All files are loaded, every part is scraped, and no rule fails."""
    assert _scraped(platform) == SCRAPED

    def evaluated() -> bool:
        rules = [rule for group in _prometheus(platform, "rules")["groups"] for rule in group["rules"]]
        assert [rule for rule in rules if rule["health"] == "err"] == []
        return bool(rules) and all(rule["health"] == "ok" for rule in rules)

    time.sleep(30 / FASTER + 1)  # once more, with all that is scraped by now
    eventually(evaluated, "not every rule was evaluated", 2 * PATIENCE, pause=0.5)
    files = {Path(group["file"]).stem for group in _prometheus(platform, "rules")["groups"]}
    assert files == {path.stem for path in (ROOT / "slo" / "specs").glob("*.yaml")} | {"watching"}


def test_a_latency_leads_to_its_trace(platform: Runner) -> None:
    """Exemplars are scraped and kept: the trace of a request is found at the bucket that it was counted in."""
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {
        "content-type": "application/json",
        "x-api-key": platform.key,
        "traceparent": f"00-{trace}-{'1' * 16}-01",
    }
    assert platform.ask("POST", "/v1/predict", headers, body=FLIGHT)[0] == 200

    def kept() -> bool:
        asked = {
            "query": "http_server_request_duration_seconds_bucket",
            "start": time.time() - 60,
            "end": time.time() + 1,
        }
        series = _prometheus(platform, f"query_exemplars?{urlencode(asked)}")
        return trace in {exemplar["labels"]["trace_id"] for one in series for exemplar in one["exemplars"]}

    eventually(kept, "the trace is at no bucket")


def test_status_tells_how_they_stand(platform: Runner) -> None:
    """From the live Prometheus: figures where there are some, and an unknown budget lets no release out."""
    url = f"http://127.0.0.1:{platform.ports['PROMETHEUS_PORT']}"

    def known() -> dict[str, Any]:
        time.sleep(1)
        told = json.loads(_slo("status", "--prometheus", url, "--json").stdout)
        return {one["name"]: one for one in told if one["budget_left"] is not None}

    eventually(
        lambda: set(known()) >= NEEDED,
        "no budget was ever known",
        3 * PATIENCE,
    )
    memory = known()["memory"]
    assert (memory["sli"], memory["budget_left"], memory["verdict"]) == (1.0, 1.0, "healthy")
    assert known()["gateway-availability"]["budget_left_events"] > 0
    assert _slo("status", "--prometheus", "http://127.0.0.1:1").returncode == 1


def test_an_outage_fires_the_page(platform: Runner) -> None:
    """Real requests through the gateway, a service that has stopped answering, and a rule of a real Prometheus.

    At a total outage the budget burns at 2,000 times its pace: as soon as five failures are counted, it fires.
    """
    headers = {"content-type": "application/json", "x-api-key": platform.key}
    service = next(process for process in platform.family() if process.cmdline()[-2:] == ["-m", "service"])
    assert _pages(platform) == set()
    service.suspend()
    try:
        eventually(lambda: _asks(platform, headers) == 503, "the gateway never gave the service up", pause=0.2)
        assert [_asks(platform, headers) for _ in range(30)] == [503] * 30
        eventually(
            lambda: "GatewayAvailabilityBudgetPage" in _pages(platform), "no page was fired", 3 * PATIENCE, pause=0.5
        )
    finally:
        service.resume()
    assert _pages(platform) <= {"GatewayAvailabilityBudgetPage", "PlatformBudgetPage"}
    # The page reads the counters themselves; what is left of the budget is a sum of records, which come later.
    eventually(lambda: _verdict(platform, "gateway-availability") == "exhausted", "the budget was never gone", pause=1)
    eventually(lambda: _asks(platform, headers) == 200, "the service was not taken in again")


def _pages(platform: Runner) -> set[str]:
    query = urlencode({"query": 'ALERTS{alertstate="firing",severity="page"}'})
    return {series["metric"]["alertname"] for series in _prometheus(platform, f"query?{query}")["result"]}


def _verdict(platform: Runner, slo: str) -> str:
    told = json.loads(_slo("status", "--prometheus", _url(platform), "--json").stdout)
    (verdict,) = (one["verdict"] for one in told if one["name"] == slo)
    return str(verdict)


def _asks(platform: Runner, headers: dict[str, str]) -> int:
    return platform.ask("POST", "/v1/predict", headers, body=FLIGHT)[0]


def _url(platform: Runner) -> str:
    return f"http://127.0.0.1:{platform.ports['PROMETHEUS_PORT']}"
