"""The console over HTTP and in a browser: the real scheduler, real reports, Chromium."""

import http.client
import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from prometheus_client import CollectorRegistry

from gateway_config.ports import free_port
from monitoring import run
from monitoring.console.server import Server
from monitoring.console.site import Answer, Place, Site
from monitoring.report import LATEST
from monitoring.schedule.server import Server as MetricsServer
from monitoring.settings import Settings
from monitoring.tests.canned import put, report
from monitoring.tests.logs import event, flight_events, label, write
from monitoring.tests.test_platform import Schedule, eventually
from monitoring.tests.test_run import july
from monitoring.watched import Watched
from tests.parts import require

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("console")]

DAY = timedelta(days=1)
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@contextmanager
def serving(server: Any) -> Iterator[int]:
    """A server in a thread; its port."""
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


def ask(
    port: int, path: str = "/", method: str = "GET", host: str | None = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """One request's status, headers and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, headers={"host": host} if host else {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """A console of canned reports."""
    put(tmp_path, [report(scores={"OPERA": 0.2})])
    with serving(Server(("127.0.0.1", 0), lambda: Site(Place(reports=tmp_path)))) as port:
        yield port


def test_only_get(port: int) -> None:
    """Nothing can be changed, and it is said what is allowed."""
    assert ask(port)[0] == HTTPStatus.OK
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"):
        status, headers, _ = ask(port, method=method)
        assert (status, headers["allow"]) == (HTTPStatus.METHOD_NOT_ALLOWED, "GET")
    assert ask(port, method="BREW")[0] == HTTPStatus.NOT_IMPLEMENTED


def test_headers(port: int) -> None:
    """A browser is told to run nothing, guess nothing, keep nothing and tell nobody; the server's kind is not told."""
    for path in ("/", "/style.css", "/none", "/reports/latest.json"):
        headers = ask(port, path)[1]
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert "python" not in headers["server"].lower()


def test_a_name_that_only_now_leads_here_is_not_answered(port: int) -> None:
    """A page elsewhere may have its name resolved to this machine to read what is here (DNS rebinding)."""
    for host in ("127.0.0.1", f"localhost:{port}", f"[::1]:{port}"):
        assert ask(port, host=host)[0] == HTTPStatus.OK
    for host in (
        "evil.example",
        f"evil.example:{port}",
        "127.0.0.1.evil.example",
        "10.0.0.1",
        "[",
        "localhost@evil.example",
    ):
        status, _, body = ask(port, host=host)
        assert status == HTTPStatus.MISDIRECTED_REQUEST
        assert b"OPERA" not in body


def test_a_container_answers_to_its_published_names(tmp_path: Path) -> None:
    """It listens on every address, so the names are told to it; without any it answers to all."""
    everywhere, port = "0.0.0.0", free_port()  # noqa: S104 - as a container does
    with serving(Server((everywhere, port), lambda: Site(Place(reports=tmp_path)), ("localhost", "console.example"))):
        for host in (f"localhost:{port}", "Console.Example"):
            assert ask(port, "/none", host=host)[0] == HTTPStatus.NOT_FOUND
        for host in ("127.0.0.1", "evil.example", "localhost.evil.example"):
            assert ask(port, "/none", host=host)[0] == HTTPStatus.MISDIRECTED_REQUEST
    with serving(Server((everywhere, port), lambda: Site(Place(reports=tmp_path)))):
        assert ask(port, "/none", host="evil.example")[0] == HTTPStatus.NOT_FOUND


def test_what_is_no_request_disturbs_nobody(port: int) -> None:
    """Garbage, and a connection that says nothing."""
    with (
        socket.create_connection(("127.0.0.1", port)) as silent,
        socket.create_connection(("127.0.0.1", port)) as other,
    ):
        other.sendall(b"\x00\xff GET nothing\r\n\r\n")
        assert ask(port)[0] == HTTPStatus.OK
        silent.close()


def test_the_site_is_made_when_somebody_looks(tmp_path: Path) -> None:
    """Once, however many look at the same moment."""
    made = []

    def make() -> Site:
        made.append(1)
        return Site(Place(reports=tmp_path))

    with serving(Server(("127.0.0.1", 0), make)) as port:
        assert made == []
        threads = [threading.Thread(target=ask, args=(port,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert made == [1]


def test_a_page_that_takes_long_keeps_no_scrape_waiting(tmp_path: Path) -> None:
    """Metrics, and other pages, are answered while one is being made."""
    begun, may_end = threading.Event(), threading.Event()

    class Slow(Site):
        def answer(self, target: str) -> Answer:
            if target == "/slow":
                begun.set()
                assert may_end.wait(60)
            return super().answer(target)

    console = Server(("127.0.0.1", 0), lambda: Slow(Place(reports=tmp_path)))
    with serving(console) as port, serving(MetricsServer(("127.0.0.1", 0), CollectorRegistry())) as metrics:
        slow = threading.Thread(target=ask, args=(port, "/slow"))
        slow.start()
        assert begun.wait(60)
        try:
            assert ask(metrics, "/metrics")[0] == HTTPStatus.OK
            assert ask(port)[0] == HTTPStatus.OK
            assert slow.is_alive()
        finally:
            may_end.set()
            slow.join()


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """Before anything runs."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        schedule = Schedule(tmp_path, console_port=number)
        try:
            assert schedule.process.wait(60) == 2
        finally:
            schedule.process.kill()
            schedule.process.wait()
    assert f"127.0.0.1:{number}" in schedule.log.read_text()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    program = require("chromium", "apt install chromium")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=CHROMIUM)
        yield found
        found.close()


class Visit:
    """A page of a browser that writes down what it complains of, and what it asks for."""

    def __init__(self, browser: Browser, base: str) -> None:
        self.base = base
        self.page: Page = browser.new_page(viewport={"width": 1280, "height": 900}, base_url=base)
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def elsewhere(self) -> list[str]:
        """What was asked of anybody else."""
        return [url for url in self.asked if not url.startswith((self.base, "data:"))]


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory, flights: Watched, flight_models: Path) -> Iterator[str]:
    """The scheduler over four days of flights, on the last two of which an airline is there; the console's URL.

    The reports of all days but the last are made before; the last ones are its own.
    """
    folder = tmp_path_factory.mktemp("console")
    names = ("events", "labels", "reports", "archive")
    now = datetime.now(UTC)
    begin = now.replace(minute=0, second=0, microsecond=0) - 4 * DAY
    settings = Settings(
        **{f"{name}_dir": folder / name for name in names},  # type: ignore[arg-type]  # folders all
        state_dir=folder,
        models_dir=flight_models,
        label_min_count=100,
        evidently=False,
    )
    write(settings.events_dir, flight_events(flights, july(flights, 3000), begin, 2 * DAY), "1.jsonl")
    arrived = flight_events(flights, july(flights, 3000, 600), begin + 2 * DAY, 2 * DAY)
    write(settings.events_dir, [*arrived, event(now, {}, model="<i>odd</i>")], "2.jsonl")
    write(settings.labels_dir, [label(begin + 3 * DAY, str(place), int(place % 3 == 0)) for place in range(3500)])
    for days in (3, 2, 1):
        run.run(settings, now - days * DAY)
    (settings.reports_dir / LATEST).unlink()  # so that the scheduler does not wait for its hour
    schedule = Schedule(
        folder, models_dir=flight_models, evidently="false", drift_min_rows=1000, prometheus_url="http://127.0.0.1:1"
    )
    url = f"http://127.0.0.1:{schedule.console}"
    try:
        eventually(lambda: schedule.has('drift_runs_total{result="success"}', 1.0), "the run was never counted")
        yield url
    finally:
        assert schedule.stop() == 0
        assert "Traceback" not in schedule.log.read_text()


def test_the_first_page_in_a_browser(browser: Browser, console: str) -> None:
    """It says what stands, draws every score with its thresholds, and asks nobody else for anything."""
    visit = Visit(browser, console)
    visit.page.goto("/")
    expect(visit.page.locator(".tile.alert .figure").first).to_have_text("alert")
    expect(visit.page.get_by_text("What is asked has drifted from the training data").first).to_be_visible()
    names = visit.page.locator("figcaption span:first-child").all_inner_texts()
    assert {"OPERA", "TIPOVUELO", "MES", "prediction", "probability", "joint", "accuracy"} <= set(names)
    opera = visit.page.locator("figure", has=visit.page.locator("span", has_text="OPERA"))
    assert opera.locator(".dot").count() >= 4  # the days that were made before, and their ends, which are caught up
    assert opera.locator(".level").count() == 2
    box = opera.locator("polyline").bounding_box()
    assert box is not None
    assert box["width"] > 200
    assert box["height"] > 20
    colour = "element => getComputedStyle(element).stroke"
    assert opera.locator(".dot.alert").last.evaluate(colour) == "rgb(179, 38, 30)"
    assert opera.locator(".dot.none").first.evaluate(colour) == "rgb(46, 125, 79)"
    holes = visit.page.locator("rect.hole").count()
    assert holes <= 1, "events are in every hour but perhaps the newest"
    expect(visit.page.get_by_text("It holds 1 event of <i>odd</i>/1, which has no package here")).to_be_visible()
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    visit.page.set_viewport_size({"width": 420, "height": 800})
    assert visit.page.evaluate("document.documentElement.scrollWidth <= 420")
    assert (visit.complaints, visit.elsewhere()) == ([], [])


def test_from_the_first_page_to_every_other(browser: Browser, console: str) -> None:
    """Every link of the console is followed: each page is there, and complains of nothing."""
    visit = Visit(browser, console)
    visit.page.goto("/")
    visit.page.get_by_role("link", name="7d", exact=True).last.click()
    expect(visit.page.locator(".choice b").first).to_have_text("7d")
    seen: set[str] = set()
    left = ["/"]
    while left:
        target = left.pop()
        seen.add(target)
        answer = visit.page.goto(target)
        assert answer is not None
        assert answer.status == HTTPStatus.OK, target
        assert visit.page.locator("body").inner_text().strip()
        found = visit.page.locator("a").evaluate_all("all => all.map(one => one.href)")
        paths = [url.removeprefix(console) for url in found if url.startswith(console)]
        left += [path for path in dict.fromkeys(paths) if path not in seen and path not in left]
    assert len([path for path in seen if path.startswith("/runbooks/")]) > 12
    assert len([path for path in seen if path.startswith("/reports/") and path.endswith("Z.html")]) >= 12
    assert (visit.complaints, visit.elsewhere()) == ([], [])


def test_what_reports_may_do_in_a_browser(browser: Browser, tmp_path: Path) -> None:
    """A script in a report of ours does not run; Evidently's run, and can neither read the console nor call anybody."""
    one = report(scores={"OPERA": 0.2})
    put(tmp_path, [one])
    window = (tmp_path / one.place).parent
    number = free_port()
    hostile = f"""<title>still</title><p>a report</p><script>document.title = "ran"</script><img src="http://127.0.0.1:{number}/x.png">"""
    asking = f"""<title>still</title><p>a report</p><script>
        document.title = "ran";
        fetch("/reports/latest.json").then(() => document.title = "read", () => document.title = "refused");
        fetch("http://127.0.0.1:{number}/");
    </script>"""
    (window / "2026-07-10T13Z.html").write_text(hostile)
    (window / "evidently.html").write_text(asking)
    with serving(Server(("127.0.0.1", 0), lambda: Site(Place(reports=tmp_path)))) as port:
        visit = Visit(browser, f"http://127.0.0.1:{port}")
        visit.page.goto(f"/reports/{Path(one.place).parent}/2026-07-10T13Z.html")
        assert visit.page.title() == "still"
        visit.page.goto(f"/reports/{Path(one.place).parent}/evidently.html")
        expect(visit.page).to_have_title("refused")
        assert len([text for text in visit.complaints if "Content Security Policy" in text]) >= 4
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
            assert answer.status == HTTPStatus.OK
