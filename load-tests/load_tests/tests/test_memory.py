"""Judging memory and start-up, and measuring both on a stand-in."""

import os
from pathlib import Path

import pytest

from load_tests import memory, plots
from load_tests.memory import Memory, Options, Sample
from load_tests.oracle import Oracle
from load_tests.tests.conftest import STAND_IN


def test_a_flat_and_small_instance_is_good() -> None:
    """Nothing is said of an instance within every limit."""
    assert memory.judged(99_000_000, 1_000_000.0, [0.5, 0.9, 0.6], {"numpy", "onnxruntime"}) == []


def test_each_limit_is_told() -> None:
    """Peak, growth, start and modules each have their own line."""
    problems = memory.judged(101_000_000, 2_100_000.0, [0.8], {"pandas", "sklearn", "evidently"})
    assert len(problems) == 6


def test_growth_is_taken_after_warming_up() -> None:
    """What the first quarter adds is not growth; few requests say nothing."""
    warming = [Sample(0, 50), Sample(100_000, 90)]
    flat = [Sample(number * 100_000, 100) for number in range(2, 9)]
    assert memory.growth_per_million(warming + flat) == 0
    assert memory.growth_per_million(warming) is None
    rising = [Sample(number * 100_000, number * 7) for number in range(9)]
    assert memory.growth_per_million(rising) == pytest.approx(70)


def test_both_models_are_asked_for_single_flights_and_batches(flight_delay: Oracle, one_hot: Oracle) -> None:
    """A quarter of the requests are batches, and no model is left out."""
    questions = memory.mixed([flight_delay, one_hot])
    for known in (flight_delay, one_hot):
        rows = [len(question.instances) for question in questions if question.known is known]
        assert sum(count > 1 for count in rows) == len(rows) // 4 == 32
        assert max(rows) <= 32


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="/proc is Linux's")
def test_the_peak_is_the_systems_own() -> None:
    """VmHWM of this very process is more than nothing and less than everything."""
    assert 5_000_000 < (memory.peak_bytes(os.getpid()) or 0) < 100_000_000_000


def test_the_page_and_the_plot_are_written(tmp_path: Path) -> None:
    """A problem cannot be overlooked."""
    samples = [Sample(0, 80_000_000), Sample(300_000, 85_000_000)]
    measured = Memory(samples, 86_000_000, 0.0, [0.5], 200, problems=["pandas is loaded in the process"])
    machine = {"cpu": "x", "python": "y", "date": "z"}
    assert "- PROBLEM: pandas is loaded" in memory.page(measured, machine)
    plots.memory(measured, machine, tmp_path / "memory.png")
    assert (tmp_path / "memory.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.platform
@pytest.mark.slow
@pytest.mark.usefixtures("wrk_installed")
def test_a_server_is_started_and_soaked(tmp_path: Path, models: Path) -> None:
    """Starts, imports and memory are measured, every answer is right, and nothing forbidden is loaded."""
    options = Options(
        requests=200, seconds=1, connections=2, starts=1, models=models, command=STAND_IN, scratch=tmp_path
    )
    measured = memory.measure(options, lambda _: None)
    assert measured.samples[-1].requests >= 200
    assert measured.modules > 50
    # How fast it starts is this machine's affair here, not the code's.
    assert [problem for problem in measured.problems if "first answer" not in problem and "peak" not in problem] == []
    assert list(tmp_path.iterdir()) == []
