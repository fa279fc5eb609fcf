"""The benchmark, on a stand-in that keeps the contract and on some that do not."""

from dataclasses import replace
from pathlib import Path

import pytest

from load_tests import benchmark, contenders, report
from load_tests.benchmark import Benchmark, Options
from load_tests.tests import stand_in
from load_tests.tests.conftest import STAND_IN

OPTIONS = Options(seconds=1, rounds=1, connections=4, contenders=contenders.choose(("shipped",)), command=STAND_IN)


@pytest.mark.parametrize(
    ("logged", "answered", "wrong"), [(100, 100, False), (164, 100, False), (165, 100, True), (99, 100, True)]
)
def test_the_log_is_complete_but_for_what_was_in_flight(logged: int, answered: int, wrong: bool) -> None:
    """Not one answered row may be missing; wrk hangs up on what is in flight, which may be there."""
    assert bool(benchmark.incomplete_log(logged, answered, in_flight=64)) is wrong


@pytest.mark.parametrize(("traces", "requests", "wrong"), [(100, 10_000, False), (40, 10_000, True), (0, 500, False)])
def test_traces_must_arrive(traces: int, requests: int, wrong: bool) -> None:
    """One percent of the requests, with room for chance."""
    assert bool(benchmark.untraced(traces, requests)) is wrong


@pytest.mark.platform
@pytest.mark.slow
@pytest.mark.usefixtures("wrk_installed")
def test_a_good_server_is_measured_without_a_problem(tmp_path: Path, models: Path) -> None:
    """Both sides of a ratio are measured in one run, every answer is checked, and the reports are written."""
    said: list[str] = []
    result = Benchmark(replace(OPTIONS, models=models, scratch=tmp_path), said.append).run()
    assert result.problems == []
    assert [one.contender for one in result.rounds] == ["ceiling", "shipped"]
    assert all(one.samples and one.wrk.requests and one.server_cpu_seconds for one in result.rounds)
    assert result.rounds[1].events_logged
    assert len(said) == 3
    assert list(tmp_path.iterdir()) == []
    written = report.write(result, {"cpu": "x", "python": "y", "date": "z"}, tmp_path / "results")
    assert all(path.stat().st_size for path in written)


@pytest.mark.platform
@pytest.mark.slow
@pytest.mark.usefixtures("wrk_installed")
def test_a_bad_server_is_found_out(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong probabilities are a problem, however fast they come."""
    monkeypatch.setenv(stand_in.FAULT, "wrong answers")
    result = Benchmark(replace(OPTIONS, models=models, scratch=tmp_path), lambda _: None).run()
    assert any("a wrong answer" in problem for problem in result.problems)
