"""Evidently's own report beside ours: what it shows, and what is left where it fails."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from monitoring import run
from monitoring.evidently_report import process, sample, wish
from monitoring.evidently_report.block import Sample
from monitoring.evidently_report.outcome import read_outcome
from monitoring.evidently_report.task import RESULTS_FILE, TASKS_FILE, Drift, Result, Task
from monitoring.report import Report, read_latest
from monitoring.settings import Settings
from monitoring.tests.conftest import ROOT
from monitoring.tests.logs import event, flight_events, label, write
from monitoring.tests.test_pages import Links
from monitoring.tests.test_run import july
from monitoring.watched import Watched
from tests.parts import missing, require

AT = datetime(2026, 7, 10, 12, 20, tzinfo=UTC)
END = datetime(2026, 7, 10, 13, tzinfo=UTC)
DAY = timedelta(days=1)
Make = Callable[..., Settings]

pytestmark = pytest.mark.xdist_group("evidently")

# Says what Evidently found in every task of a folder.
_SAY = """
import json, sys
from pathlib import Path
import msgspec
from monitoring.evidently_report import rendering
from monitoring.evidently_report.task import TASKS_FILE, Drift, Task
said = []
for task in msgspec.json.decode((Path(sys.argv[1]) / TASKS_FILE).read_bytes(), type=list[Task]):
    snapshot, left_out = rendering.drift(task) if isinstance(task, Drift) else (rendering.classification(task), ())
    found = snapshot.dict()
    said.append({
        "metrics": {metric["metric_name"]: metric["value"] for metric in found["metrics"]},
        "tests": {test["name"]: test["status"].value for test in found["tests"]},
        "left_out": left_out,
    })
print(json.dumps(said, default=float))
"""


def say(tasks: Sequence[Task], folder: Path) -> list[dict[str, Any]]:
    """What Evidently finds, in a process of its own: by metric and by test."""
    (folder / TASKS_FILE).write_bytes(msgspec.json.encode(tasks))
    environment = os.environ | {"DO_NOT_TRACK": "1"}
    done = subprocess.run(
        [sys.executable, "-c", _SAY, str(folder)], check=True, capture_output=True, cwd=ROOT, env=environment
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def values(found: Mapping[str, Any], metric: str, column: str = "") -> float:
    """One metric's value, by the beginning of its name and its column."""
    (value,) = (
        value
        for name, value in found["metrics"].items()
        if name.startswith(f"{metric}(") and (not column or f"column={column}," in name)
    )
    return float(value)


def july_with_an_arrival(settings: Settings, flights: Watched, rows: int = 3000, arriving: int = 300) -> None:
    """A day of July in which an airline arrived, half of it labelled as the model expects."""
    lines = flight_events(flights, july(flights, rows, arriving), END - DAY, DAY)
    write(settings.events_dir, lines)
    answers = [json.loads(line) for line in lines]
    labels = [
        label(END - DAY / 10, answer["id"], int(place * 0.618 % 1 < answer["probability"]))
        for place, answer in enumerate(answers)
        if place % 2
    ]
    write(settings.labels_dir, labels)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[wish.Wish]:
    """What runs ask of Evidently, instead of having it done."""
    found: list[wish.Wish] = []

    class Listener(process.Evidently):
        def start(self) -> None:
            """Nothing is started."""

        def grant(self, wishes: Sequence[wish.Wish], progress: Callable[[str], None]) -> None:  # noqa: ARG002
            found.extend(wishes)

    monkeypatch.setattr(run, "Evidently", Listener)
    return found


def made_with(monkeypatch: pytest.MonkeyPatch, *program: str) -> None:
    """Have another program do Evidently's part."""
    monkeypatch.setattr(run, "Evidently", partial(process.Evidently, program=program))


def only(reports: tuple[Report, ...]) -> Report:
    """The only report."""
    (report,) = reports
    return report


@pytest.mark.platform
@pytest.mark.slow
def test_evidently_says_what_our_report_says(
    make_settings: Make, flights: Watched, asked: list[wish.Wish], tmp_path: Path
) -> None:
    """The same columns drift by the same index, the month does not, and the quality is the same to four digits."""
    if not process.is_installed():
        missing("Evidently", "make develop")
    settings = make_settings(evidently=True)
    july_with_an_arrival(settings, flights)
    report = only(run.run(settings, AT, ("1d",)))
    drift, quality = say(list(asked[0].tasks.values()), tmp_path)
    subjects = {subject.name: subject for subject in report.views["aligned"].subjects}
    for name in ("TIPOVUELO", "MES", "prediction"):
        assert values(drift, "ValueDrift", name) == pytest.approx(subjects[name].psi, abs=0.001)
    assert subjects["OPERA"].level == "alert"
    drifted = {name for name, status in drift["tests"].items() if status == "FAIL"}
    assert drifted == {"Value Drift for column OPERA", "Share of Drifted Columns: Less 0.200"}
    for ours, its in {"accuracy": "Accuracy", "f1": "F1Score", "recall": "Recall", "auc": "RocAuc"}.items():
        assert values(quality, its) == pytest.approx(report.quality.measures[ours], abs=1e-3), ours
    # Nobody asked whether every mean is within 10 % of the reference's.
    others = sorted(set(drift["tests"]) - drifted)
    assert others.pop(0).startswith("Row count in dataset: Equal 19")
    assert others == [f"Value Drift for column {name}" for name in ("MES", "TIPOVUELO", "prediction", "probability")]
    assert len(quality["tests"]) == 2


@pytest.mark.platform
@pytest.mark.slow
def test_the_pages_need_no_network_and_ours_lead_there(make_settings: Make, flights: Watched) -> None:
    """A real run: both pages open in a browser that sees no request but for the file, and say what they are of."""
    if not process.is_installed():
        missing("Evidently", "make develop")
    browser = require("chromium", "apt install chromium")
    from playwright.sync_api import sync_playwright

    settings = make_settings(evidently=True)
    july_with_an_arrival(settings, flights)
    report = only(run.run(settings, AT, ("1d",)))
    outcome = read_outcome(settings.reports_dir, report)
    assert outcome is not None
    assert outcome.remarks == ()
    assert set(outcome.pages) == {"drift and data summary", "quality"}
    page = (settings.reports_dir / report.place).with_suffix(".html")
    assert set(outcome.pages.values()) <= set(Links(page).links)
    index = settings.reports_dir / "index.html"
    own = {(page.parent / link).relative_to(settings.reports_dir) for link in outcome.pages.values()}
    assert {str(link) for link in own} <= set(Links(index).links)
    with sync_playwright() as running:
        window = running.chromium.launch(executable_path=browser, args=["--no-sandbox"]).new_page()
        requests: list[str] = []
        broken: list[str] = []
        window.on("request", lambda request: requests.append(request.url))
        window.on("pageerror", lambda error: broken.append(str(error)))
        for name, expected in {"evidently.html": "Drift is detected", "evidently-quality.html": "Confusion"}.items():
            place = (page.parent / name).as_uri()
            window.goto(place)
            window.get_by_text(re.compile(expected)).first.wait_for()
            text = window.inner_text("body")
            assert "flight-delay/1, 1d" in text
            assert "2026-07-09T13:00:00Z to 2026-07-10T13:00:00Z" in text
            assert requests == [place]
            assert broken == []
            requests.clear()


@pytest.mark.platform
@pytest.mark.slow
def test_a_column_that_it_cannot_take_costs_no_other(
    make_settings: Make, small_models: Path, asked: list[wish.Wish], tmp_path: Path
) -> None:
    """Numbers that are all missing, and a model of numbers and several classes, whose combinations are not counted."""
    if not process.is_installed():
        missing("Evidently", "make develop")
    from model_files.tests.packages import mixed_rows

    settings = make_settings(models_dir=small_models, evidently=True, evidently_rows=5000)
    instances = mixed_rows(1500)[["age", "city", "stops", "member"]].astype(object).to_dict("records")
    lines = [
        event(END - DAY / 2, instance | {"age": None}, "early", 0.2, model="mixed", id_=str(place))
        for place, instance in enumerate(instances)
    ]
    write(settings.events_dir, lines)
    write(settings.labels_dir, [label(END, str(place), "early" if place % 3 else "late") for place in range(800)])
    run.run(settings, AT, ("1d",))
    found = next(one for one in asked if one.report.model == "mixed")
    said = say(list(found.tasks.values()), tmp_path)
    assert said[0]["left_out"] == ["age"]
    assert values(said[0], "ValueDrift", "stops") < 0.1
    assert len(said) == len(found.tasks) == 2
    assert values(said[1], "Accuracy") == pytest.approx(533 / 800, abs=0.01)
    assert all(one.tasks == {} for one in asked if one.report.model != "mixed")


def test_nothing_is_asked_where_there_is_too_little(
    make_settings: Make, flights: Watched, asked: list[wish.Wish]
) -> None:
    """Too few predictions: nothing; too few labels: no quality. Both are said."""
    settings = make_settings(evidently=True)
    write(settings.events_dir, flight_events(flights, july(flights, 500), END - DAY, DAY))
    run.run(settings, AT, ("1d",))
    assert asked[0].tasks == {}
    assert asked[0].remarks[0].startswith("Too few predictions for it: ")
    write(settings.events_dir, flight_events(flights, july(flights, 1500), END - DAY, DAY), "2.jsonl")
    run.run(settings, AT, ("1d",))
    assert list(asked[1].tasks) == ["drift and data summary"]
    assert asked[1].remarks == ("Too few labels for its view of quality: 0.",)


def test_thresholds_are_ours_with_the_noise(make_settings: Make, flights: Watched, asked: list[wish.Wish]) -> None:
    """So a small window does not alarm: our score of 0.1 is the index of 0.1 and what chance makes of it."""
    settings = make_settings(evidently=True)
    july_with_an_arrival(settings, flights)
    report = only(run.run(settings, AT, ("1d",)))
    drift = asked[0].tasks["drift and data summary"]
    assert isinstance(drift, Drift)
    noise = 1 / report.rows + 1 / report.views["aligned"].reference_rows
    assert drift.thresholds["TIPOVUELO"] == pytest.approx(0.1 + noise)
    assert drift.thresholds["MES"] == 0.1
    assert drift.thresholds["OPERA"] > 0.1 + 15 * noise


def test_an_older_window_does_not_replace_the_newest(
    make_settings: Make, flights: Watched, asked: list[wish.Wish]
) -> None:
    """One page a window is kept, and it is the newest one's."""
    settings = make_settings(evidently=True)
    july_with_an_arrival(settings, flights)
    run.run(settings, AT, ("1d",))
    run.run(settings, AT - timedelta(hours=2), ("1d",))
    assert len(asked) == 1
    run.run(make_settings(), AT, ("1d",))
    assert len(asked) == 1, "it is off"


FAULTS = {
    "it raises": ("raise MemoryError('no room')", "It ended with 1: MemoryError: no room"),
    "it is killed": ("import os; os.kill(os.getpid(), 9)", "It ended with -9: "),
    "it does nothing": ("", "Evidently said nothing of it."),
    "it never ends": ("import time; time.sleep(600)", "It took longer than 1 s and was ended."),
    "half a result": (
        "import pathlib, sys; pathlib.Path(sys.argv[1], 'results.jsonl').write_text('{\"page\": \"dr')",
        "Evidently said nothing of it.",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failure_loses_nothing_else(
    make_settings: Make,
    flights: Watched,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: str,
) -> None:
    """Report, pages and the list of the newest are there; the page and the log say what happened."""
    code, reason = FAULTS[fault]
    made_with(monkeypatch, sys.executable, "-c", code)
    settings = make_settings(evidently=True, evidently_seconds=1 if "never" in fault else 60)
    july_with_an_arrival(settings, flights, 1500, 0)
    report = only(run.run(settings, AT, ("1d",)))
    latest = read_latest(settings.reports_dir)
    assert latest is not None
    assert latest.reports == (report.place,)
    text = Links((settings.reports_dir / report.place).with_suffix(".html")).text
    assert f"No drift and data summary: {reason}" in text
    assert ("Evidently" in caplog.text) == (reason != "Evidently said nothing of it.")
    assert "evidently.html" not in Links(settings.reports_dir / "index.html").links


def test_one_page_that_fails_costs_no_other(
    make_settings: Make, flights: Watched, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The page that was written is linked, the other one's reason is told."""
    code = """
import json, pathlib, sys
sys.stdin.read(1)
tasks = json.loads(pathlib.Path(sys.argv[1], "tasks.json").read_bytes())
pathlib.Path(sys.argv[2], tasks[0]["page"]).write_text("<html>")
results = [{"page": tasks[0]["page"], "left_out": ["age"]}, {"page": tasks[1]["page"], "error": "ValueError: odd"}]
pathlib.Path(sys.argv[1], "results.jsonl").write_text("".join(json.dumps(one) + "\\n" for one in results))
"""
    made_with(monkeypatch, sys.executable, "-c", code)
    settings = make_settings(evidently=True)
    july_with_an_arrival(settings, flights)
    report = only(run.run(settings, AT, ("1d",)))
    page = Links((settings.reports_dir / report.place).with_suffix(".html"))
    assert "evidently.html" in page.links
    assert "evidently-quality.html" not in page.links
    assert "No quality: ValueError: odd" in page.text
    assert "age holds nothing that it could compare." in page.text
    assert "evidently-quality.html not made: ValueError: odd" in caplog.text


def test_a_result_that_was_cut_short_is_of_a_task_that_was_not_done(tmp_path: Path) -> None:
    """By a full disk, after which the other worker went on in the same line, or by a kill: the others are told."""
    path = tmp_path / RESULTS_FILE
    assert list(process._results(path)) == []
    done = [msgspec.json.encode(Result(page)) for page in ("1.html", "2.html", "3.html")]
    path.write_bytes(done[0] + b"\n" + done[1][:9] + done[1] + b"\n" + done[2] + b"\n" + done[0][:9])
    assert [result.page for result in process._results(path)] == ["1.html", "3.html"]


def test_where_it_is_not_installed_the_page_says_how_to_get_it(
    make_settings: Make, flights: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no process is started."""
    monkeypatch.setattr(process, "is_installed", lambda: False)
    made_with(monkeypatch, "/nowhere")
    settings = make_settings(evidently=True)
    july_with_an_arrival(settings, flights, 1500, 0)
    report = only(run.run(settings, AT, ("1d",)))
    text = Links((settings.reports_dir / report.place).with_suffix(".html")).text
    assert "Evidently is not installed here." in text
    assert "pip install evidently" in text


def test_what_cannot_be_asked_is_told(
    make_settings: Make, flights: Watched, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of our own in making the sample loses nothing either."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("by us")

    monkeypatch.setattr(sample, "of_reference", broken)
    settings = make_settings(evidently=True)
    july_with_an_arrival(settings, flights, 1500, 0)
    report = only(run.run(settings, AT, ("1d",)))
    text = Links((settings.reports_dir / report.place).with_suffix(".html")).text
    assert "It could not be asked: ZeroDivisionError: by us" in text
    assert "nothing asked of Evidently" in caplog.text


def test_its_process_ends_with_the_run(tmp_path: Path) -> None:
    """Its standard input is held open by the run; when that is closed, however the run ended, it goes: also while it waits."""
    command = [sys.executable, "-m", "monitoring.evidently_report", str(tmp_path), str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE) as started:
        assert started.stdin is not None
        started.stdin.close()
        assert started.wait(60) == 1
    assert not list(tmp_path.iterdir())


def test_its_workers_end_with_the_run_too(tmp_path: Path) -> None:
    """They have the same input: a page that takes for ever does not keep them."""
    code = """
import os, sys, time
from pathlib import Path
import monitoring.evidently_report.__main__ as program
program._load = lambda: None
program._done = lambda task, reports: os.write(1, b"ready" + bytes([10])) and time.sleep(600)
sys.exit(program.main(Path(sys.argv[1]), Path(sys.argv[1])))
"""
    sample_ = Sample(0, ())
    tasks = [
        Drift(page=page, name="", until="", metadata={}, current=sample_, reference=sample_, thresholds={})
        for page in ("1.html", "2.html", "3.html")
    ]
    (tmp_path / TASKS_FILE).write_bytes(msgspec.json.encode(tasks))
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as started:
        assert started.stdout is not None
        assert started.stdin is not None
        os.write(started.stdin.fileno(), b"\n")
        assert [started.stdout.readline() for _ in range(2)] == [b"ready\n"] * 2
        started.stdin.close()
        assert started.stdout.read() == b"", "the workers hold it open while they are there"
        assert started.wait(60) == 1


def test_a_worker_that_is_killed_loses_its_own_pages_only(tmp_path: Path) -> None:
    """The code says that one was; the other one's result is told."""
    code = """
import os, sys, time
from pathlib import Path
import monitoring.evidently_report.__main__ as program
from monitoring.evidently_report.task import Result
program._load = lambda: None
program._done = lambda task, reports: os.kill(os.getpid(), 9) if task.page == "1.html" else Result(task.page)
sys.exit(program.main(Path(sys.argv[1]), Path(sys.argv[1])))
"""
    sample_ = Sample(0, ())
    tasks = [
        Drift(page=page, name="", until="", metadata={}, current=sample_, reference=sample_, thresholds={})
        for page in ("1.html", "2.html")
    ]
    (tmp_path / TASKS_FILE).write_bytes(msgspec.json.encode(tasks))
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as started:
        assert started.stdin is not None
        assert started.stderr is not None
        os.write(started.stdin.fileno(), b"\n")
        assert started.stderr.read() == b"a worker ended with -9\n"
        assert started.wait(60) == 1
    (line,) = (tmp_path / RESULTS_FILE).read_bytes().splitlines()
    assert msgspec.json.decode(line, type=Result) == Result("2.html")


def test_what_is_not_wanted_is_not_started(
    make_settings: Make, flights: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run without Evidently, or with too few events for anything, does not pay for its loading."""
    monkeypatch.setattr(process.Evidently, "start", lambda _: pytest.fail("it was started"))
    settings = make_settings()
    write(settings.events_dir, flight_events(flights, july(flights, 1500), END - DAY, DAY))
    run.run(settings, AT, ("1d",))
    settings = make_settings(
        evidently=True, events_dir=settings.events_dir / "few", archive_dir=settings.archive_dir / "few"
    )
    write(settings.events_dir, flight_events(flights, july(flights, 500), END - DAY, DAY))
    run.run(settings, AT, ("1d",))
