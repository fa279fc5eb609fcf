"""What a gateway costs, compared on a stand-in behind real gateways."""

from dataclasses import replace
from pathlib import Path

import pytest

from load_tests import comparison, gateways
from load_tests.comparison import Comparison, GatewayError, Options, Sight, compare
from load_tests.gateways import WAYS, Opened, Site, Way
from load_tests.processes import Server
from load_tests.servers import Setup, service
from load_tests.tests.conftest import STAND_IN


def _sight(way: str, number: int, p50: float, cpu: float | None = None) -> Sight:
    latency = {"p50": p50, "p90": p50, "p99": 2 * p50}
    return Sight(way, number, latency, latency, 1e3, cpu, None if cpu is None else 50_000_000)


def _comparison(policy: float) -> Comparison:
    rounds = ((0.10, 0.20), (0.30, 0.45), (0.10, 0.22))
    sights = []
    for number, (direct, bare) in enumerate(rounds, 1):
        sights += [_sight("direct", number, direct), _sight("bare", number, bare, 80.0)]
        sights.append(_sight("policy", number, bare + policy, 120.0))
    return Comparison("pinned", WAYS[:3], sights)


def test_what_is_added_is_a_difference_within_a_round() -> None:
    """A slow round is slow on both sides."""
    spread = _comparison(0.05).added("bare", "direct")
    assert (round(spread.low, 3), round(spread.median, 3), round(spread.high, 3)) == (0.1, 0.12, 0.15)


@pytest.mark.parametrize(("policy", "said"), [(0.05, "+0.050 (+0.050 to +0.050) met"), (0.15, "over 0.10")])
def test_the_goal_is_told(policy: float, said: str) -> None:
    """Met or missed, beside the figure; requests for each second of the gateway's own CPU are told."""
    row = comparison.rows(_comparison(policy))[2]
    assert said in row[3]
    assert row[6] == "8,333"


@pytest.mark.platform
@pytest.mark.slow
@pytest.mark.usefixtures("wrk_installed")
def test_every_way_is_measured(tmp_path: Path, models: Path) -> None:
    """Those that are installed: each refuses whom it should before, and every answer is 2xx."""
    ways = gateways.there(WAYS)
    assert {way.key for way in ways} >= {"direct", "bare", "policy"}
    options = Options(rounds=1, connections=2, ways=ways, models=models, command=STAND_IN, scratch=tmp_path)
    said: list[str] = []
    result = compare(options, said.append)
    assert result.problems == []
    assert [sight.way for sight in result.sights] == [way.key for way in ways]
    assert said[-1].startswith("round 1/1  direct ")
    machine = {"cpu": "x", "python": "y", "date": "z"}
    assert all(path.stat().st_size for path in comparison.write(result, machine, tmp_path / "results"))
    assert "Envoy, the whole policy" in (tmp_path / "results" / "gateway.md").read_text()


@pytest.mark.platform
def test_a_gateway_that_lets_everybody_in_is_not_measured(tmp_path: Path, models: Path) -> None:
    """Its figures would say nothing."""
    with Server(service(Setup(tmp_path, models, STAND_IN)), tmp_path) as server:
        with pytest.raises(GatewayError, match="Open: 200 came without a key, expected 401"):
            comparison.require_refusals(Way("open", "Open", "nothing"), Opened(server.launch, "some-key"))
        comparison.require_refusals(Way("direct", "Direct", "nothing"), Opened(server.launch))


def test_a_program_that_is_missing_is_left_out_or_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The others are compared; who asks for it by itself is told how to get it."""
    monkeypatch.setattr(gateways, "_find", lambda _: None)
    assert [way.key for way in gateways.there(WAYS)] == ["direct", "bare", "policy"]
    with pytest.raises(FileNotFoundError, match="apt install nginx"):
        gateways.open_nginx(Site(1, "token", tmp_path))


def test_rounds_are_counted() -> None:
    """A problem is told with its way and round."""
    broken = replace(_sight("bare", 2, 0.1), problems=["3 timeouts"])
    assert Comparison("pinned", WAYS, [broken]).problems == ["bare, round 2: 3 timeouts"]
