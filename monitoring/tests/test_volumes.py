"""The measurement by volume: its traffic is what it says, it measures what is there, and all of it runs."""

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from monitoring.counting.archive import Archive
from monitoring.counting.cube import EVENT_COLUMNS
from monitoring.counting.segments import list_segments
from monitoring.counting.store import Store
from monitoring.evidently_report import process
from monitoring.quality.labelled import LABEL_COLUMNS
from monitoring.tests.conftest import ROOT
from monitoring.tests.logs import event
from monitoring.volumes import __main__, ladder, plot, report
from monitoring.volumes.ladder import PRESET, WAYS, WHOLE, Line
from monitoring.volumes.measurement import Cost, measure
from monitoring.volumes.traffic import DAY, LABELLED, LAG, Traffic, Writer
from monitoring.watched import Watched
from tests.parts import missing

UNTIL = datetime(2026, 7, 10, tzinfo=UTC)
RESULTS = ROOT / "monitoring/results"


@pytest.mark.parametrize("rows", [2000, 10_000])
def test_the_same_rows_are_there_as_lines_and_as_parquet(flights: Watched, tmp_path: Path, rows: int) -> None:
    """Each prediction and each label that has come is there once, in its hour, and both forms count the same."""
    with Writer(Traffic(flights, rows, DAY, UNTIL)) as writer:
        writer.write_lines(tmp_path / "events", tmp_path / "labels")
        writer.write_archive(tmp_path / "archive", tmp_path / "archive/labels")
    came = sum(1 for row in range(0, rows, LABELLED) if UNTIL - DAY + LAG + DAY * row / rows < UNTIL)
    for log, archive, columns, expected in (
        ("events", "archive", EVENT_COLUMNS, rows),
        ("labels", "archive/labels", LABEL_COLUMNS, came),
    ):
        with Store() as store:
            lines, held = (
                list_segments(tmp_path / log),
                Archive(tmp_path / archive, columns).list_segments(tmp_path / "none"),
            )
            assert lines
            assert held
            found = [
                sorted(map(str, store.fetch(store.read(some, columns).drop("filename")))) for some in (lines, held)
            ]
        assert found[0] == found[1]
        assert len(set(found[0])) == expected


def test_its_events_are_such_as_the_service_writes(flights: Watched, tmp_path: Path) -> None:
    """The same members in the same order, identifiers and times of the same form, and the training data's own mix."""
    with Writer(Traffic(flights, 20_000, DAY, UNTIL)) as writer:
        writer.write_lines(tmp_path / "events", None)
    lines = [
        json.loads(line) for path in sorted((tmp_path / "events").iterdir()) for line in path.read_text().splitlines()
    ]
    assert list(lines[0]) == list(json.loads(event(UNTIL, {})))
    assert all(
        re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", line["id"])
        for line in lines
    )
    times = [line["ts"] for line in lines]
    assert times == sorted(times)
    assert times[0] == "2026-07-09T00:00:00.000Z"
    assert times[-1].startswith("2026-07-09T23:59:5")
    assert [line["id"][:8] + line["id"][9:13] for line in lines] == [
        f"{int(datetime.fromisoformat(time).timestamp() * 1000):012x}" for time in times
    ]
    cells = flights.reference.cells
    assert cells is not None
    late = sum(line["probability"] for line in lines) / len(lines)
    assert late == pytest.approx(sum(cells.probability_sums) / sum(cells.rows), abs=0.005)


def test_a_command_is_measured_with_its_children(tmp_path: Path) -> None:
    """Time, processor time and memory of a process whose child does the work."""
    code = """
import subprocess, sys, time
child = "held = bytes(range(256)) * 800_000; n = sum(range(20_000_000)); import time; time.sleep(0.5)"
subprocess.run([sys.executable, "-c", child])
"""
    cost = measure([sys.executable, "-c", code], tmp_path, {}, most_seconds=60, most_bytes=10**10)
    assert cost.failure is None
    assert cost.bytes > 200_000_000
    assert cost.cpu_seconds > 0.1
    assert cost.seconds > 0.5


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        ("import time; time.sleep(60)", "more than 1 s"),
        ("import time; held = bytes(range(256)) * 2_000_000; time.sleep(60)", "more than 0.4 GB"),
        ("raise SystemExit('no room')", "it ended with 1: no room"),
    ],
)
def test_what_does_not_end_as_it_should_is_told(tmp_path: Path, code: str, failure: str) -> None:
    """It took too long, or too much memory, or failed; nothing of it is left running."""
    most = 1 if "1 s" in failure else 60
    cost = measure([sys.executable, "-c", code], tmp_path, {}, most_seconds=most, most_bytes=400_000_000)
    assert cost.failure == failure
    assert cost.seconds < 60


def test_the_published_results_are_of_all_volumes() -> None:
    """Every way, small to large; the page and the plot are made of the JSON."""
    document = json.loads((RESULTS / "volumes.json").read_bytes())
    lines = msgspec.convert(document["lines"], list[Line])
    assert {line.way for line in lines} == set(WAYS)
    assert {line.rows for line in lines if line.way == ladder.PARQUET} == set(ladder.ROWS)
    assert (RESULTS / "volumes.md").read_text() == report.page(lines, document["machine"], document["days"])
    assert (RESULTS / "volumes.png").stat().st_size > 0
    assert not [line for line in lines if line.cost.failure and line.way != PRESET]


def test_a_failure_is_on_the_page_and_in_the_plot(tmp_path: Path) -> None:
    """With what it cost until then."""
    cost = Cost(seconds=120.0, cpu_seconds=110.0, bytes=7_000_000_000, failure="more than 120 s")
    lines = [
        Line(PRESET, 10_000_000, cost),
        Line(PRESET, 10_000, Cost(seconds=8.0, cpu_seconds=7.5, bytes=400_000_000)),
    ]
    there = {"cpu": "some", "cores": "2", "duckdb": "2", "date": "today"}
    assert f"| {PRESET} | 10,000,000 | ended: more than 120 s | 110.0 s | 7,000 MB |" in report.page(lines, there, 28)
    plot.draw(lines, there, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.platform
@pytest.mark.slow
@pytest.mark.xdist_group("evidently")
def test_all_of_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """At the smallest volume: every way is measured, nothing fails, and the scratch folder is empty afterwards."""
    if not process.is_installed():
        missing("Evidently", "make develop")
    monkeypatch.chdir(ROOT)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    options = ["--rows", "10000", "--days", "1", "--scratch", str(scratch), "--write", str(tmp_path / "results")]
    assert __main__.main(options) == 0
    lines = msgspec.convert(json.loads((tmp_path / "results/volumes.json").read_bytes())["lines"], list[Line])
    assert [line.way for line in lines] == list(WAYS)
    assert [line.cost.failure for line in lines] == [None] * len(WAYS)
    assert all(line.cost.bytes > 50_000_000 for line in lines)
    assert "10,000" in (tmp_path / "results/volumes.md").read_text()
    assert (tmp_path / "results/volumes.png").exists()
    assert not list(scratch.iterdir())
    assert WHOLE in capsys.readouterr().err
