"""The preview of dashboards: a real Prometheus, a real browser, and the platform that the pictures are taken of."""

import json
import math
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from dashboards.preview.model import read_dashboard
from dashboards.preview.platform import ROOT as REPOSITORY
from dashboards.preview.platform import platform
from dashboards.preview.prometheus import Prometheus, PrometheusError, UnreachableError
from dashboards.preview.screenshot import ScreenshotError, chromium, take
from dashboards.preview.spans import receiver
from dashboards.preview.traffic import Traffic, read_flights
from tests.parts import require
from tests.runner import PATIENCE, ROOT, eventually, free_ports

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.xdist_group("preview")]

CHARTS = {"timeseries", "heatmap", "state-timeline"}
DURATIONS = "prometheus_http_request_duration_seconds_bucket"


def _panel(kind: str, place: int, expr: str, **target: Any) -> dict[str, Any]:
    grid = {"x": place % 3 * 8, "y": 1 + place // 3 * 8, "w": 8, "h": 8}
    queries = [{"refId": "A", "expr": expr, **target}]
    return {"type": kind, "title": f"A {kind}", "description": "what it is", "gridPos": grid, "targets": queries}


def _dashboard() -> dict[str, Any]:
    """Every kind of panel, a variable, and an annotation."""
    kinds = ("timeseries", "stat", "gauge", "bargauge", "state-timeline")
    panels = [_panel(kind, place, 'up{job="$job"}') for place, kind in enumerate(kinds)]
    panels.append(_panel("heatmap", 5, f"sum by (le) (increase({DURATIONS}[$__rate_interval]))", format="heatmap"))
    panels.append(_panel("table", 6, "up", format="table", instant=True))
    panels.append(_panel("timeseries", 7, "there_is_no_such_metric") | {"title": "Nothing"})
    row = {"type": "row", "title": "Of $job", "gridPos": {"x": 0, "y": 0, "w": 24, "h": 1}}
    return {
        "title": "Itself",
        "uid": "itself",
        "panels": [row, *panels],
        "templating": {"list": [{"name": "job", "type": "query", "query": "label_values(up, job)"}]},
        "annotations": {"list": [{"name": "Up", "expr": "up > 0", "step": "1s", "iconColor": "blue"}]},
    }


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus that scrapes itself every second; its URL."""
    program = require("prometheus", "apt install prometheus")
    folder = tmp_path_factory.mktemp("prometheus")
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    itself = {"job_name": "prometheus", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
    (folder / "prometheus.yaml").write_text(
        json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": [itself]}), encoding="utf-8"
    )
    options = ("--config.file=prometheus.yaml", "--storage.tsdb.path=data", f"--web.listen-address=127.0.0.1:{port}")
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen([program, *options], cwd=folder, stdout=log, stderr=log)
    try:
        eventually(lambda: _scrapes(url) >= 6, "Prometheus never scraped itself")
        yield url
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _scrapes(url: str) -> int:
    query = f"count_over_time({DURATIONS.removesuffix('_bucket')}_count[1m])"
    try:
        asked = f"{url}/api/v1/query?{urlencode({'query': query})}"
        with urlopen(asked, timeout=PATIENCE) as answer:  # noqa: S310 - this test's own Prometheus
            found = json.load(answer)["data"]["result"]
    except URLError:
        return 0
    return max((int(one["value"][1]) for one in found), default=0)


def _preview(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "dashboards", "preview", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=3 * PATIENCE)


@pytest.fixture(scope="module")
def pages(prometheus: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the preview has drawn the dashboard, with its picture."""
    require("chromium", "apt install chromium")
    folder = tmp_path_factory.mktemp("pages")
    (folder / "itself.json").write_text(json.dumps(_dashboard()), encoding="utf-8")
    out = folder / "out"
    done = _preview("--json", str(folder), "--prometheus", prometheus, "--from", "1m", "--out", str(out), "--png")
    assert done.returncode == 0, done.stderr
    assert "8 panels, 1 without data" in done.stdout
    return out


def test_a_browser_draws_every_panel(pages: Path) -> None:
    """Each has its chart or says that there is no data; no error in the console, no request for anything."""
    playwright = pytest.importorskip("playwright.sync_api")
    complaints: list[str] = []
    requests: list[str] = []
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(
            executable_path=require("chromium", "apt install chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto((pages / "itself.html").as_uri())
        page.wait_for_selector("html[data-drawn]", state="attached")
        assert page.locator("section").count() == 8
        assert page.locator("main h2").inner_text() == "Of prometheus"
        for section in page.locator("section").all():
            kind, state = section.get_attribute("data-kind"), section.get_attribute("data-state")
            body = section.locator(".body")
            if section.locator("h3").inner_text() == "Nothing":
                assert (state, body.inner_text()) == ("empty", "no data")
            else:
                assert state == "drawn"
                assert section.locator(".plot .main-svg").count() > 0 or kind not in CHARTS
                assert body.inner_text().strip() or section.locator("svg").count()
            assert section.bounding_box()["height"] == 8 * 38 - 8
        page.locator(".entry").first.click()
        assert "off" in page.locator(".entry").first.get_attribute("class")
        browser.close()
    assert complaints == []
    assert [url for url in requests if not url.startswith(("data:", "blob:", "file:"))] == []
    assert [url for url in requests if url.startswith("file:")] == [(pages / "itself.html").as_uri()]


def test_a_picture_is_as_high_as_its_page(pages: Path) -> None:
    """1400 pixels wide, and nothing cut off."""
    picture = (pages / "itself.png").read_bytes()
    width, height = struct.unpack(">II", picture[16:24])  # PNG's header chunk
    assert width == 1400
    assert 25 * 38 < height < 25 * 38 + 250
    assert len(picture) > 20_000, "it has to be more than a ground"


def test_a_query_that_fails_is_drawn_and_counted(prometheus: str, tmp_path: Path) -> None:
    """In its panel, on standard error, and in the exit code; the other panels are drawn."""
    broken = _dashboard()
    broken["panels"] = [_panel("stat", 0, "up"), _panel("timeseries", 1, "rate(up") | {"title": "Broken"}]
    (tmp_path / "itself.json").write_text(json.dumps(broken), encoding="utf-8")
    done = _preview("--json", str(tmp_path), "--prometheus", prometheus, "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert "1 failed:\nitself: Broken: " in done.stderr
    assert "parse error" in (tmp_path / "out" / "itself.html").read_text()


def test_the_client_asks_what_prometheus_knows(prometheus: str) -> None:
    """Series at a time and over time, labels, its own pace; a scalar is a series without labels."""
    source, now = Prometheus(prometheus), time.time()
    (one,) = source.instant('up{job="prometheus"}', now)
    assert (one.labels["job"], one.values) == ("prometheus", (1.0,))
    (several,) = source.range("up", now // 1 - 3, now // 1, 1.0)
    assert len(several.times) == len(several.values) >= 3
    assert source.instant("1 / 0", now)[0].values == (math.inf,)
    assert source.instant("there_is_no_such_metric", now) == []
    assert [found["job"] for found in source.series(["up"], now - 60, now)] == ["prometheus"]
    assert source.label_values("job", now - 60, now) == ["prometheus"]
    assert source.exemplars("up", now - 60, now) == []
    assert source.scrape_seconds() == 1.0


@pytest.mark.parametrize(("query", "reason"), [("up{", "parse error"), ('"words"', "which nothing can draw")])
def test_what_prometheus_refuses_is_its_own_word(prometheus: str, query: str, reason: str) -> None:
    """Not the status of its answer."""
    with pytest.raises(PrometheusError, match=reason):
        Prometheus(prometheus).instant(query, time.time())


def test_what_is_no_prometheus_is_said() -> None:
    """A receiver of spans, for example, which answers no query; it takes spans, though."""
    with receiver() as url:
        assert urlopen(url, data=b"spans", timeout=PATIENCE).status == 200  # noqa: S310 - our own
        with pytest.raises(PrometheusError):
            Prometheus(url).instant("up", time.time())
        where = url.removesuffix("/v1/traces")
    with pytest.raises(UnreachableError, match="no Prometheus answers"):
        Prometheus(where).scrape_seconds()


def test_without_a_browser_there_is_no_picture(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A word of what to install; a browser that fails is said too."""
    with pytest.raises(ScreenshotError, match="Chromium failed"):
        take(tmp_path / "page.html", tmp_path / "page.png", "false")
    with pytest.raises(ScreenshotError, match="did not draw it to its end"):
        take(tmp_path / "page.html", tmp_path / "page.png", "true")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ScreenshotError, match="apt install chromium"):
        chromium()


def test_without_a_prometheus_there_is_no_page(tmp_path: Path) -> None:
    """One line that says so."""
    (tmp_path / "itself.json").write_text(json.dumps(_dashboard()), encoding="utf-8")
    done = _preview("--json", str(tmp_path), "--prometheus", "http://127.0.0.1:1", "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert done.stderr.startswith("no Prometheus answers at http://127.0.0.1:1: ")
    assert len(done.stderr.splitlines()) == 1


def test_the_pictured_platform_is_called_in_every_way(tmp_path: Path) -> None:
    """Its traffic is answered with every code that it is meant to have; a paused service is an outage; nothing is left."""
    unwatched = {"PROMETHEUS": "not-wanted", "ALERTMANAGER": "not-wanted", "MONITORING": "false"}
    flights = read_flights(REPOSITORY / "model-files" / "flight-counts.csv")
    assert read_dashboard(REPOSITORY / "dashboards" / "generated" / "service.json").panels
    with platform(tmp_path, **unwatched) as running:

        def codes() -> set[str]:
            with urlopen(
                f"http://127.0.0.1:{running.ports['GATEWAY_METRICS_PORT']}/metrics", timeout=PATIENCE
            ) as answer:
                lines = answer.read().decode().splitlines()
            counted = [
                line for line in lines if line.startswith("gateway_requests_total{") and not line.endswith(" 0.0")
            ]
            return {line.split('code="')[1][:3] for line in counted}

        with Traffic(running.ports["GATEWAY_PORT"], running.key, flights, pace=150).flowing():
            eventually(
                lambda: codes() >= {"200", "400", "401", "403", "404", "422"}, f"not every answer came: {codes()}"
            )
            labels = running.state / "labels"
            eventually(lambda: any(path.stat().st_size for path in labels.rglob("*.jsonl*")), "no label was taken")
            with running.service_paused():
                time.sleep(3)
                eventually(lambda: bool({"503", "504"} & codes()), "an outage was not seen")
    assert running.process.returncode == 0
