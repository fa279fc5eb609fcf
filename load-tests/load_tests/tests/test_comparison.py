"""What a gateway costs, compared on a stand-in behind real gateways."""

from dataclasses import replace
from pathlib import Path

import pytest

from load_tests import comparison, first_requests, new_connections, open_loop, wrk
from load_tests.comparison import AFRESH, ALONE, Comparison, GatewayError, Options, compare
from load_tests.gateways.way import Opened, Site, Way
from load_tests.gateways.ways import WAYS, there
from load_tests.measurement import Measurement, Pace
from load_tests.processes import Cores, Server, Usage
from load_tests.servers import Setup, service
from load_tests.tests.conftest import STAND_IN
from load_tests.tests.sights import FIRSTS, made, sight

LATE = Pace(rate=500, arrivals="fixed", scheduled=500, unsent=0, lag_ms={"p99": 50.0}, cpu_share=0.1)


def test_what_is_added_is_a_difference_within_a_round() -> None:
    """A machine that gets slower is so on both sides: it moves neither the difference nor its interval."""
    found = made({"direct": 0.2, "bare": 0.35}, drift=0.5)
    added = found.added("bare", "direct")
    assert [added.median, added.low, added.high] == pytest.approx([0.15] * 3)
    assert found.latency("direct").high > 4
    assert found.added("bare", "direct", "p99", "500/s").median == pytest.approx(0.3)
    assert found.loads == [ALONE, "500/s"]


def test_problems_are_told_with_way_and_round() -> None:
    """First requests that were refused are problems too."""
    broken = replace(sight("bare", 2, 0.1), problems=["500/s: 3 timeouts"])
    firsts = replace(FIRSTS, problems=["first requests, start 1: an answer 401"])
    found = Comparison("pinned", WAYS, [broken], firsts)
    assert found.problems == ["bare, round 2: 500/s: 3 timeouts", "first requests, start 1: an answer 401"]


@pytest.mark.parametrize(("late", "asked"), [(0, 1), (1, 2), (9, 3)])
def test_a_client_that_was_late_asks_again(late: int, asked: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its figures are its own and not the gateway's; after three tries it is told as a problem."""
    tries: list[str] = []

    def run(url: str, *_: object, **__: object) -> Measurement:
        tries.append(url)
        pace = LATE if len(tries) <= late else replace(LATE, lag_ms={"p99": 0.1})
        return Measurement(500, 1.0, 1, 0, 0, 0, 0, {200: 500}, {"p99": 1.0}, 0.1, pace=pace)

    monkeypatch.setattr(open_loop, "run", run)
    opened = Opened(service(Setup(Path("nowhere"))), 1)
    one = comparison._steady(opened, 500, Options())
    assert len(tries) == asked
    assert bool(one.problems()) == (late == 9)


def test_a_way_that_answers_nothing_ends_the_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no percentile of nothing; which way and load it was is told."""
    nothing = Measurement(0, 1.0, 0, 0, 7, 0, 0, {}, {}, 0.1)
    monkeypatch.setattr(wrk, "run", lambda *_, **__: nothing)
    monkeypatch.setattr(new_connections, "measure", lambda _: ({}, []))
    server = Server(service(Setup(Path("nowhere"))), Path("nowhere"))
    monkeypatch.setattr(server, "usage", lambda: Usage(1.0, 1))
    with pytest.raises(GatewayError, match="direct, round 3, 1 connection: 7 connections broken while reading"):
        comparison._look(WAYS[0], 3, server, Opened(server.launch, 1), Options(rates=()))


@pytest.mark.platform
@pytest.mark.slow
@pytest.mark.usefixtures("wrk_installed")
def test_ways_are_measured(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without TLS, at every load, every answer is 2xx; the direct way has no gateway's CPU."""
    monkeypatch.setattr(comparison, "WARM_SECONDS", 1)
    monkeypatch.setattr(comparison, "_TRIES", 1)
    ways = tuple(way for way in WAYS if way.key in {"direct", "policy", "tls"})
    options = Options(
        rounds=1, connections=2, rates=(100,), ways=ways, models=models, command=STAND_IN, scratch=tmp_path
    )
    said: list[str] = []
    result = compare(options, said.append)
    # Beside other tests the client itself may be late; that it then says so is tested above.
    assert [problem for problem in result.problems if "the client did not keep up" not in problem] == []
    assert [one.way for one in result.sights] == [way.key for way in ways]
    assert all(one.latency_ms.keys() == {ALONE, "100/s", AFRESH} for one in result.sights)
    assert said[-1].startswith("round 1/1  direct ")
    assert [result.cpu(way.key) is None for way in ways] == [True, False, False]
    assert result.firsts is not None
    (first,) = result.firsts.starts
    assert min(first.warm_ms, first.cold_ms, first.after_reload_ms, first.after_start_ms) > 0


@pytest.mark.platform
def test_every_way_opens_to_whom_it_should(tmp_path: Path, models: Path) -> None:
    """Those whose program is installed: each refuses no key and a wrong one, and answers with its own."""
    ways = there(WAYS)
    assert {way.key for way in ways} >= {"direct", "bare", "public", "key", "allowlist", "policy", "tls"}
    setup = Setup(tmp_path, models, STAND_IN)
    with Server(service(setup), tmp_path) as server:
        for way in ways:
            if way.open is not None:
                opened = way.open(Site(server.launch.port, "token", tmp_path / way.key))
                assert bool(opened.key) == (way.key not in {"bare", "public"})
                with Server(opened.launch, tmp_path / way.key):
                    comparison.require_refusals(way, opened)


@pytest.mark.platform
def test_a_first_request_that_is_refused_is_told(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that does not open is no cold key: here callers may not come from this machine."""
    monkeypatch.setitem(first_requests._CLIENT, "cidrs", ["203.0.113.0/24"])
    monkeypatch.setattr(first_requests, "CALLERS", 2)
    with Server(service(Setup(tmp_path, models, STAND_IN)), tmp_path) as server:
        site = Site(server.launch.port, "token", tmp_path)
        found = first_requests.measure(lambda _: site, tmp_path / "firsts", Cores.split(), 1)
    assert set(found.problems) == {"first requests, start 1: an answer 403"}


@pytest.mark.platform
def test_a_gateway_that_lets_everybody_in_is_not_measured(tmp_path: Path, models: Path) -> None:
    """Its figures would say nothing."""
    with Server(service(Setup(tmp_path, models, STAND_IN)), tmp_path) as server:
        port = server.launch.port
        with pytest.raises(GatewayError, match="Open: 200 came without a key, expected 401"):
            comparison.require_refusals(Way("open", "Open", "nothing"), Opened(server.launch, port, "some-key"))
        comparison.require_refusals(Way("direct", "Direct", "nothing"), Opened(server.launch, port))
