"""What goes wrong with logs: what can be counted is counted once, what can't is named, and nothing else is lost."""

import gzip
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from monitoring import run
from monitoring.counting.snapshot import archives
from monitoring.report import LogReport, Report, read_latest
from monitoring.settings import Settings
from monitoring.tests.conftest import copy_package
from monitoring.tests.logs import event, label
from monitoring.tests.logs import write as write_now
from monitoring.workplace import workplace

AT = datetime(2026, 7, 10, 12, 20, tzinfo=UTC)
END = datetime(2026, 7, 10, 13, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FLIGHT = {"OPERA": "Sky Airline", "TIPOVUELO": "N", "MES": 7}
Make = Callable[..., Settings]


@pytest.fixture
def settings(make_settings: Make) -> Settings:
    """Few rows are enough here."""
    return make_settings(drift_min_rows=100, label_min_count=50)


def lines(rows: int, name: str = "", features: dict[str, object] | None = None, version: str = "1") -> list[bytes]:
    """So many events of the last two hours, in the order of time."""
    asked = FLIGHT if features is None else features
    return [
        event(END - 2 * HOUR + 2 * HOUR * row / rows, asked, id_=f"{name}{row}", version=version) for row in range(rows)
    ]


def write(folder: Path, content: list[bytes], name: str) -> Path:
    """A segment that was last written when the events ended."""
    path = write_now(folder, content, name).path
    os.utime(path, (END.timestamp() - 1, END.timestamp() - 1))
    return path


def reported(settings: Settings, window: str = "1d", at: datetime = AT) -> Report:
    """The report of the flights' first version."""
    return next(one for one in run.run(settings, at, (window,)) if (one.model, one.version) == ("flight-delay", "1"))


def log(settings: Settings) -> LogReport:
    """What the newest run read."""
    latest = read_latest(settings.reports_dir)
    assert latest is not None
    return latest.log


def test_what_a_killed_run_left_is_cleared_by_the_next(tmp_path: Path) -> None:
    """Its folder, and what it was just writing; each folder of reports has a folder of its own."""
    reports, state = tmp_path / "reports", tmp_path / "state"
    with workplace(state, reports) as folder:
        (folder / "events").mkdir()
        (folder / "events/copy").touch()
        shutil.copytree(folder, tmp_path / "killed")
    assert list((state / "work").iterdir()) == []
    shutil.copytree(tmp_path / "killed", folder)
    (reports / "drift").mkdir(parents=True)
    (reports / "drift/.some.json.partial").touch()
    (reports / "drift/some.json").touch()
    with workplace(state, reports) as again, workplace(state, tmp_path / "others") as other:
        assert (again, list(again.iterdir()), again != other) == (folder, [], True)
        assert [path.name for path in (reports / "drift").iterdir()] == ["some.json"]


@pytest.mark.parametrize("place", ["closed", "open"])
def test_a_last_line_that_was_cut_short_costs_itself(settings: Settings, place: str) -> None:
    """Of a segment that is still written it is no fault: the rest of the line is to come."""
    name = "a.jsonl.open" if place == "open" else "a.jsonl"
    write(settings.events_dir, [*lines(200), lines(1)[0][:60]], name)
    for _ in range(2):  # from lines, and from the archive
        assert reported(settings).rows == 200
        assert (log(settings).events, log(settings).unreadable) == (200, int(place == "closed"))


def test_garbage_in_a_segment_costs_its_lines(settings: Settings) -> None:
    """Bytes that are no text, a line without an end, lines of other documents: they are counted, and the others too."""
    rubbish = [
        b"\x00\xff\xfe\x80" * 50 + b"\n",
        b"\n",
        b"[1, 2]\n",
        b'{"schema": 1}\n',
        b'{"ts": "yesterday"}\n',
        b"null\n",
    ]
    write(settings.events_dir, [*lines(120, "a"), *rubbish, *lines(80, "b"), b"}" * 5000], "a.jsonl")
    write(settings.events_dir, lines(100, "c"), "b.jsonl")
    for _ in range(2):
        assert reported(settings).rows == 300
        assert log(settings).events == 300
        assert 5 <= log(settings).unreadable <= len(rubbish) + 1  # an empty line is none


@pytest.mark.parametrize("fault", ["cut short", "no gzip at all", "empty"])
def test_a_compressed_segment_that_is_damaged_is_named(settings: Settings, fault: str) -> None:
    """The others count; when it is whole again, it counts too, and its windows with it."""
    write(settings.events_dir, lines(200, "a"), "a.jsonl")
    whole = gzip.compress(b"".join(lines(150, "b")))
    spoilt = settings.events_dir / "b.jsonl.gz"
    spoilt.write_bytes({"cut short": whole[: len(whole) // 2], "no gzip at all": b"hello\n", "empty": b""}[fault])
    told: list[str] = []
    run.run(settings, AT, ("1d",), told.append)
    assert reported(settings).rows == 200
    assert log(settings).damaged == ("b.jsonl.gz",)
    assert any("b.jsonl.gz can't be read" in line for line in told)
    spoilt.write_bytes(whole)
    assert reported(settings).rows == 350
    assert log(settings).damaged == ()


@pytest.mark.parametrize("kept", [True, False], ids=["segments there", "segments gone"])
def test_a_file_of_the_archive_that_is_damaged_costs_itself_at_most(settings: Settings, *, kept: bool) -> None:
    """It is made again where its segments are there; where they are not, it is named, and what was counted of it stays."""
    for name in ("a", "b"):
        write(settings.events_dir, lines(150, name), f"{name}.jsonl")
        reported(settings)
    files = sorted(settings.archive_dir.glob("hour=*/*.parquet"))
    assert len(files) == 4
    files[0].write_bytes(files[0].read_bytes()[:-200])
    shutil.rmtree(settings.archive_dir / "counts")
    if not kept:
        shutil.rmtree(settings.events_dir)
    found = reported(settings)
    assert found.rows == (300 if kept else 225)
    assert log(settings).damaged == (() if kept else (str(files[0].relative_to(settings.archive_dir)),))


def test_a_label_log_that_is_damaged_costs_itself(settings: Settings) -> None:
    """Predictions are counted, and the labels of other segments joined."""
    write(settings.events_dir, lines(200), "a.jsonl")
    write(settings.labels_dir, [label(END, str(row), 0) for row in range(60)] + [b"rubbish\n", b'{"id": "6'], "a.jsonl")
    (settings.labels_dir / "b.jsonl.gz").write_bytes(b"hello")
    found = reported(settings)
    assert (found.rows, found.quality.labels) == (200, 60)
    assert log(settings).damaged == ("b.jsonl.gz",)


def test_a_segment_that_is_there_twice_counts_twice(settings: Settings) -> None:
    """One that was copied to another name: that is the operator's doing, and can't be told from two services' events.

    Ids are not looked at: events with the same id are several rows, such as a client's own ids sent again.
    """
    copy = write(settings.events_dir, lines(200), "a.jsonl")
    assert reported(settings).rows == 200
    shutil.copy(copy, settings.events_dir / "copy.jsonl")
    again = reported(settings)
    assert (again.rows, again.revision) == (400, 2)


def test_a_day_without_events_is_reported_as_such(settings: Settings) -> None:
    """Insufficient data, no quality, a page; the days around it are as they are."""
    write(settings.events_dir, old(2 * DAY), "old.jsonl")
    write(settings.events_dir, lines(300), "new.jsonl")
    found = {one.until[:10]: one for one in caught_up(settings)}
    empty = found["2026-07-10"]
    assert (empty.rows, empty.views["aligned"].verdict, empty.faults) == (0, "insufficient_data", {})
    assert (empty.quality.verdict, empty.quality.coverage) == ("not_enough_labels", None)
    assert (settings.reports_dir / empty.place).with_suffix(".html").exists()
    assert found["2026-07-09"].rows == 300


def old(age: timedelta) -> list[bytes]:
    """The events of an hour, so long ago."""
    return [event(END - age + timedelta(seconds=row), FLIGHT, id_=f"old{row}") for row in range(300)]


def caught_up(settings: Settings) -> list[Report]:
    """Every report of a day that is there."""
    run.run(settings, AT, ("1d",), catch_up=True)
    return [
        msgspec.json.decode(path.read_bytes(), type=Report)
        for path in sorted(settings.reports_dir.glob("drift/flight-delay/1/1d/*T00Z.json"))
    ]


@pytest.mark.parametrize(
    "features",
    [{"OPERA": None, "TIPOVUELO": "N", "MES": 7}, {"TIPOVUELO": "N", "MES": 7}],
    ids=["null", "not there"],
)
def test_a_feature_that_is_missing_in_every_event_alerts(make_settings: Make, features: dict[str, object]) -> None:
    """It is all missing; the other features are judged as ever, and the page is there."""
    settings = make_settings(drift_min_rows=100, drift_step_hours=0)
    write(settings.events_dir, lines(600, features=features), "a.jsonl")
    found = reported(settings)
    assert found.rows == 600
    assert found.faults["OPERA"]["missing"] == 1.0
    view = found.views["aligned"]
    assert "OPERA" in view.alerts
    assert {subject.name: subject.level for subject in view.subjects}["MES"] == "none"
    assert "OPERA" in (settings.reports_dir / found.place).with_suffix(".html").read_text()


def test_a_feature_that_is_missing_in_an_hour_is_told_by_its_share(settings: Settings) -> None:
    """A client that leaves it out for a while; numbers that are null are no numbers."""
    write(settings.events_dir, [*lines(540, "a"), *lines(60, "b", {"TIPOVUELO": "N", "MES": None})], "a.jsonl")
    found = reported(settings)
    assert (found.faults["OPERA"]["missing"], found.faults["MES"]["missing"]) == (0.1, 0.1)


def test_a_version_that_begins_in_the_middle_of_a_window(make_settings: Make, tmp_path: Path) -> None:
    """Each version has its own report, of its own events; before the new one was asked it has none."""
    models = tmp_path / "models"
    copy_package("flight-delay", models)
    settings = make_settings(drift_min_rows=100, models_dir=models)
    write(settings.events_dir, old(DAY + 12 * HOUR), "old.jsonl")
    assert [one.until[:10] for one in caught_up(settings)] == ["2026-07-10"]
    second = shutil.copytree(models / "flight-delay/1", models / "flight-delay/2")
    manifest = msgspec.json.decode((second / "manifest.json").read_bytes())
    (second / "manifest.json").write_bytes(msgspec.json.encode(manifest | {"version": "2"}))
    write(settings.events_dir, [*lines(150, "one"), *lines(250, "two", version="2")], "new.jsonl")
    found = {one.version: one for one in run.run(settings, AT, ("7d",), catch_up=True)}
    assert {version: one.rows for version, one in found.items()} == {"1": 450, "2": 250}
    assert [comparison.other.version for comparison in found["1"].beside] == ["2"]
    assert len(list(settings.reports_dir.glob("drift/flight-delay/2/7d/*.json"))) == 1
    assert {one.revision for one in caught_up(settings)} == {1}  # of the days before, nothing changed


def test_labels_of_nobody_and_of_before_and_labels_that_change(settings: Settings) -> None:
    """Labels of unknown ids are none; one that came before its event is in time; of several the newest counts."""
    write(settings.events_dir, lines(200), "a.jsonl")
    write(
        settings.labels_dir,
        [
            *(label(END, f"nobody-{row}", 1) for row in range(500)),
            *(label(END - 3 * DAY, str(row), 0) for row in range(80)),
            *(label(END, str(row), 1) for row in range(80, 100)),
        ],
        "a.jsonl",
    )
    first = reported(settings)
    assert (first.rows, first.quality.labels, first.quality.coverage) == (200, 100, 0.5)
    assert first.quality.measures["accuracy"] == 0.8
    assert first.quality.lag_seconds["0.5"] < 1
    write(settings.labels_dir, [label(END + HOUR, str(row), 1) for row in range(20)], "changed.jsonl")
    write(settings.labels_dir, [label(END - HOUR, str(row), 1) for row in range(60)], "older.jsonl")
    again = reported(settings)
    assert (again.quality.labels, again.quality.coverage, again.revision) == (100, 0.5, 2)
    assert again.quality.measures["accuracy"] == 0.2
    due = read_latest(settings.reports_dir)
    run.run(settings, AT + 8 * DAY, ("1d",))
    later = read_latest(settings.reports_dir)
    assert due is not None
    assert later is not None
    assert (due.due[0].due, later.due[0].due, later.due[0].late) == (0, 200, 100)


def test_a_moment_that_cannot_be_is_no_event_of_a_window(settings: Settings) -> None:
    """A clock that was wrong when the event was logged: far in the future, or before there were any."""
    strange = [event(AT + 4000 * DAY, FLIGHT), event(datetime(1970, 1, 1, tzinfo=UTC), FLIGHT)]
    write(settings.events_dir, [*lines(200), *strange], "a.jsonl")
    for window in ("1d", "28d"):
        assert reported(settings, window).rows == 200
    assert caught_up(settings) == []
    events, _ = archives(settings.archive_dir)
    assert len(events.list_segments(settings.events_dir)) > 2
