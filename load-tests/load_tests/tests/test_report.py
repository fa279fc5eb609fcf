"""The benchmark's report."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from load_tests import contenders, report
from load_tests.benchmark import Result, Round
from load_tests.measurement import Measurement

GOLDEN = Path(__file__).parent / "golden" / "benchmark.txt"
MACHINE = {"cpu": "a processor", "python": "3.11", "date": "2026-11-21"}


def _round(contender: str, number: int, rate: int, rows: int = 1, problems: tuple[str, ...] = ()) -> Round:
    latency = {"mean": 1.0, "p50": 0.8, "p75": 1.0, "p90": 1.5, "p99": 3.25, "p99_9": 5.0, "max": 9.0}
    measured = Measurement(rate * 10, 10.0, 1, 0, 0, 0, 0, {200: rate * 10}, latency, client_cpu_seconds=9.9)
    return Round(contender, number, rows, measured, 9.5, 80_000_000, 20, rate * 11 * rows, None, None, list(problems))


@pytest.fixture
def result() -> Result:
    """Two rounds of three contenders."""
    return Result(
        cores="server on core 0, client on core 1",
        answer_bytes=133,
        contenders=contenders.choose(("shipped", "batch")),
        rounds=[
            _round("ceiling", 1, 20_000),
            _round("shipped", 1, 24_000),
            _round("batch", 1, 300, rows=1000),
            _round("ceiling", 2, 10_000),
            _round("shipped", 2, 11_000, problems=("1 of 5 answered rows are not in the event log",)),
            _round("batch", 2, 320, rows=1000),
        ],
    )


def test_the_text_is_as_approved(result: Result) -> None:
    """Medians, ratios of the same round, targets, and a problem that cannot be overlooked."""
    assert report.text(result) + "\n" == GOLDEN.read_text(encoding="utf-8")


def test_a_crowded_core_is_told(result: Result) -> None:
    """A server that got only half of its core was not measured alone."""
    rounds = [
        replace(one, server_cpu_seconds=5.0, wrk=replace(one.wrk, client_cpu_seconds=1.0)) for one in result.rounds
    ]
    assert "Puerta as shipped used less than its core" in report.text(replace(result, rounds=rounds))


def test_a_line_says_whether_its_target_was_met(result: Result) -> None:
    """A ratio of 1.15 meets 1.0, 310,000 rows per CPU second do not meet 500,000, a ceiling has no target."""
    assert [line.met for line in report.lines(result)] == [None, True, False]


def test_the_document_holds_everything(result: Result) -> None:
    """Machine, medians and each round, as plain JSON."""
    told = json.loads(json.dumps(report.document(result, MACHINE)))
    assert told["machine"] == MACHINE
    assert told["contenders"][1]["ratio"]["median"] == pytest.approx(1.15)
    assert told["contenders"][1]["target_met"] is True
    assert told["rounds"][4]["wrk"]["requests"] == 110_000
    assert told["problems"] == ["shipped, round 2: 1 of 5 answered rows are not in the event log"]


def test_the_files_are_written(result: Result, tmp_path: Path) -> None:
    """JSON, Markdown with the machine, and a plot."""
    paths = report.write(result, MACHINE, tmp_path / "results")
    assert [path.name for path in paths] == ["benchmark.json", "benchmark.md", "benchmark.png"]
    assert "a processor" in paths[1].read_text()
    assert paths[2].read_bytes().startswith(b"\x89PNG")
