"""Runs: what they write, when an alert stands, and what is left where one fails."""

import fcntl
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitoring import __main__, report, run
from monitoring.counting import archive, log_source
from monitoring.counting.cube import cube
from monitoring.counting.segments import list_segments
from monitoring.lock import LockError, only_one
from monitoring.report import LATEST, Latest, Report, read, read_latest
from monitoring.run import RunError
from monitoring.settings import Settings
from monitoring.tests.conftest import ROOT, copy_package
from monitoring.tests.logs import event, flight_events, label, write
from monitoring.watched import Watched

AT = datetime(2026, 7, 10, 12, 20, tzinfo=UTC)
END = datetime(2026, 7, 10, 13, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Make = Callable[..., Settings]


def july(flights: Watched, rows: int, arriving: int = 0) -> dict[tuple[str, str, int], int]:
    """As many flights of the reference's July, in its proportions, and some of an airline beside them."""
    cells = flights.reference.cells
    assert cells is not None
    counted = {
        (str(value[0]), str(value[1]), int(value[2])): count
        for value, count in zip(cells.values, cells.rows, strict=True)
        if value[2] == 7
    }
    whole = sum(counted.values())
    found = {flight: round(count * rows / whole) for flight, count in counted.items()}
    arrived = ("JetSmart SPA", "N", 7)
    return found | {arrived: found.get(arrived, 0) + arriving}


def by_window(reports: tuple[Report, ...], model: str = "flight-delay") -> dict[str, Report]:
    """One model's reports."""
    return {one.window: one for one in reports if one.model == model}


def test_every_window_of_every_model_is_reported(make_settings: Make, flights: Watched) -> None:
    """With rows where there are some, and insufficient data where there are too few."""
    settings = make_settings(models_dir=ROOT / "model-files")
    write(settings.events_dir, flight_events(flights, july(flights, 3000), END - 2 * DAY, 2 * DAY))
    reports = run.run(settings, AT)
    assert len(reports) == 6
    found = by_window(reports)
    assert found["1d"].rows == pytest.approx(1500, abs=50)
    assert found["7d"].rows == found["28d"].rows == pytest.approx(3000, abs=50)
    assert {one.views["aligned"].verdict for one in found.values()} == {"none"}
    assert found["7d"].since == "2026-07-03T13:00:00Z"
    assert found["7d"].until == "2026-07-10T13:00:00Z"
    onehot = by_window(reports, "flight-delay-onehot")
    assert {one.views["aligned"].verdict for one in onehot.values()} == {"insufficient_data"}
    assert onehot["1d"].views["aligned"].subjects == ()
    assert onehot["1d"].quality.coverage is None


def test_too_few_rows_have_no_verdict_however_odd_they_are(make_settings: Make, flights: Watched) -> None:
    """Insufficient data is a state of its own, with no score that could be taken for one."""
    write(make_settings().events_dir, flight_events(flights, july(flights, 300, 600), END - DAY, DAY))
    few = by_window(run.run(make_settings(), AT, ("1d",)))["1d"]
    assert 800 < few.rows < 1000
    for view in few.views.values():
        assert (view.verdict, view.subjects, view.alerts) == ("insufficient_data", (), ())
    enough = by_window(run.run(make_settings(drift_min_rows=800), AT, ("1d",)))["1d"]
    assert enough.views["aligned"].verdict == "warn"


def test_what_is_written_is_what_was_found(make_settings: Make, flights: Watched) -> None:
    """Every report is on disk, and the newest ones are named."""
    settings = make_settings()
    write(settings.events_dir, flight_events(flights, july(flights, 2000), END - DAY, DAY))
    reports = run.run(settings, AT)
    latest = read_latest(settings.reports_dir)
    assert latest is not None
    assert tuple(read(settings.reports_dir, place) for place in latest.reports) == reports
    assert "drift/flight-delay/1/1d/2026-07-10T13Z.json" in latest.reports
    assert latest.log.events == sum(july(flights, 2000).values())
    assert not list(settings.reports_dir.rglob("*.partial"))


def test_a_run_again_writes_the_same(make_settings: Make, flights: Watched) -> None:
    """Same hour, same events: the same bytes at the same places, and no label is due twice."""
    settings = make_settings(label_due_days=1.0)
    write(settings.events_dir, flight_events(flights, july(flights, 2000), END - 3 * DAY, 3 * DAY))
    run.run(settings, AT)
    first = {path: path.read_bytes() for path in settings.reports_dir.rglob("*Z.json")}
    due = read_latest(settings.reports_dir)
    run.run(settings, AT)
    again = read_latest(settings.reports_dir)
    assert {path: path.read_bytes() for path in settings.reports_dir.rglob("*Z.json")} == first
    assert len(first) == 3
    assert due is not None
    assert again is not None
    assert again.due == due.due
    assert due.due[0].due > 0


def test_an_alert_stands_from_the_second_window_on(make_settings: Make, flights: Watched) -> None:
    """An airline arrives: the first day warns, the next one alerts, and the report says who it is and by how much."""
    settings = make_settings()
    write(settings.events_dir, flight_events(flights, july(flights, 3000), END - 4 * DAY, 2 * DAY), "before.jsonl")
    write(settings.events_dir, flight_events(flights, july(flights, 3000, 500), END - 2 * DAY, 2 * DAY), "after.jsonl")
    first = by_window(run.run(settings, AT - DAY, ("1d",)))["1d"].views["aligned"]
    assert (first.verdict, first.alerts) == ("warn", ())
    assert {subject.name: subject.level for subject in first.subjects}["OPERA"] == "alert"
    second = by_window(run.run(settings, AT, ("1d",)))["1d"].views["aligned"]
    assert second.verdict == "alert"
    assert "OPERA" in second.alerts
    assert second.before["OPERA"] == "alert"
    (opera,) = (subject for subject in second.subjects if subject.name == "OPERA")
    assert opera.moved[0].value == "JetSmart SPA"
    at_once = by_window(run.run(make_settings(drift_step_hours=0), AT - DAY, ("1d",)))["1d"].views["aligned"]
    assert at_once.verdict == "alert"


def test_labels_make_quality(make_settings: Make, flights: Watched) -> None:
    """Good, low against the package's own metric, or not enough of them: three different things."""
    settings = make_settings(label_min_count=100)
    events = [
        event(END - 5 * HOUR, {"OPERA": "Sky Airline", "TIPOVUELO": "N", "MES": 7}, place % 4 == 0, 0.2, id_=str(place))
        for place in range(1200)
    ]
    events = [line.replace(b'"label":true', b'"label":1').replace(b'"label":false', b'"label":0') for line in events]
    write(settings.events_dir, events)
    some = [label(END - HOUR, str(place), int(place % 4 == 0)) for place in range(50)]
    write(settings.labels_dir, some)
    few = by_window(run.run(settings, AT, ("1d",)))["1d"].quality
    assert (few.verdict, few.labels, few.measures, few.below) == ("not_enough_labels", 50, {}, {})
    assert few.coverage == pytest.approx(50 / 1200)
    assert few.lag_seconds["0.5"] == pytest.approx(4 * 3600, rel=0.05)
    right = [label(END - HOUR, str(place), int(place % 4 == 0)) for place in range(600)]
    write(settings.labels_dir, right, "more.jsonl")
    good = by_window(run.run(settings, AT, ("1d",)))["1d"].quality
    assert good.verdict == "good"
    assert good.measures["accuracy"] == good.measures["f1"] == 1
    assert good.below == {"accuracy": False, "f1": False}
    wrong = [label(END - HOUR / 2, str(place), 1) for place in range(600)]
    write(settings.labels_dir, wrong, "changed.jsonl")
    low = by_window(run.run(settings, AT, ("1d",)))["1d"].quality
    assert low.verdict == "low"
    assert low.measures["accuracy"] == pytest.approx(0.25)
    assert low.labels == 600
    assert low.below["accuracy"]
    assert low.baseline["accuracy"] == flights.manifest.metrics["accuracy"]


def test_labels_that_are_due_are_counted_as_time_goes_by(make_settings: Make) -> None:
    """Over several runs, each prediction once."""
    settings = make_settings(label_due_days=2.0)
    flight = {"OPERA": "Sky Airline", "TIPOVUELO": "N", "MES": 7}
    write(settings.events_dir, [event(END - 10 * DAY + hour * HOUR, flight, id_=str(hour)) for hour in range(240)])
    write(settings.labels_dir, [label(END - 10 * DAY + hour * HOUR + DAY, str(hour), 0) for hour in range(100)])
    counted = []
    for at in (AT - 6 * DAY, AT - 6 * DAY, AT - 3 * DAY, AT, AT - 6 * DAY, AT):
        run.run(settings, at, ("1d",))
        latest = read_latest(settings.reports_dir)
        assert latest is not None
        (one,) = (one for one in latest.due if one.model == "flight-delay")
        counted.append((one.due, one.late))
    assert counted == [(47, 0), (47, 0), (119, 19), (191, 91), (191, 91), (191, 91)]


def test_lines_that_are_no_events_are_told(make_settings: Make) -> None:
    """The half line of a segment that is being written is none of them; events of models without a package are told too."""
    settings = make_settings()
    flight = {"OPERA": "Sky Airline", "TIPOVUELO": "N", "MES": 7}
    good = event(AT, flight)
    write(settings.events_dir, [good, b"garbage\n", good], "a.jsonl")
    write(settings.events_dir, [good, good[:50]], "b.jsonl.open")
    write(settings.events_dir, [good], "d.jsonl.open")
    write(settings.events_dir, [event(AT, flight, version="9")], "c.jsonl")
    run.run(settings, AT, ("1d",))
    latest = read_latest(settings.reports_dir)
    assert latest is not None
    log = latest.log
    assert (log.segments, log.events, log.unreadable) == (4, 5, 1)
    assert log.unwatched == {"flight-delay/9": 1}
    assert sum(log.hours.values()) == 5


def test_other_windows_keep_their_newest_report(make_settings: Make) -> None:
    """A run of one window leaves the others named."""
    settings = make_settings()
    run.run(settings, AT - DAY)
    run.run(settings, AT, ("1d",))
    latest = read_latest(settings.reports_dir)
    assert latest is not None
    newest = {tuple(place.split("/")[1:4]): place.rsplit("/", 1)[1] for place in latest.reports}
    assert len(latest.reports) == len(newest) == 3
    assert newest["flight-delay", "1", "1d"] == "2026-07-10T13Z.json"
    assert newest["flight-delay", "1", "28d"] == "2026-07-09T13Z.json"


def test_a_run_that_fails_leaves_what_was_there(make_settings: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest reports are named only once all of them are written."""
    settings = make_settings()
    run.run(settings, AT - DAY)
    before = (settings.reports_dir / LATEST).read_bytes()

    def fail(folder: Path, document: Report | Latest, place: str) -> Path:
        if "/7d/" in place:
            raise OSError(28, "No space left on device")
        return report.write(folder, document, place)

    monkeypatch.setattr(run, "write", fail)
    with pytest.raises(OSError, match="No space left"):
        run.run(settings, AT)
    assert (settings.reports_dir / LATEST).read_bytes() == before
    latest = read_latest(settings.reports_dir)
    assert latest is not None
    assert all(read(settings.reports_dir, place) for place in latest.reports)


@pytest.mark.parametrize("spoilt", [LATEST, "drift/flight-delay/1/1d/2026-07-09T13Z.json"])
def test_what_was_written_and_cannot_be_read_stops_no_run(
    make_settings: Make, caplog: pytest.LogCaptureFixture, spoilt: str
) -> None:
    """Neither the newest reports' names, which are made anew, nor a report without a page: every other page is there."""
    settings = make_settings()
    run.run(settings, AT - DAY)
    (settings.reports_dir / spoilt).write_text("{")
    (settings.reports_dir / spoilt).with_suffix(".html").unlink(missing_ok=True)
    (made,) = run.run(settings, AT, ("1d",))
    latest = read_latest(settings.reports_dir)
    assert latest is not None
    assert made.place in latest.reports
    assert (settings.reports_dir / made.place).with_suffix(".html").exists()
    assert Path(made.place).stem in (settings.reports_dir / "index.html").read_text()
    assert spoilt in caplog.text


def test_the_future_is_not_reported(make_settings: Make) -> None:
    """A window that has not been yet would count as due what is not."""
    with pytest.raises(RunError, match="has not been yet"):
        run.run(make_settings(), datetime.now(UTC) + DAY)


def test_two_runs_do_not_meet(make_settings: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second waits, and then says who is at it."""
    monkeypatch.setattr(run, "_LOCK_SECONDS", 0.2)
    settings = make_settings()
    settings.reports_dir.mkdir()
    with (settings.reports_dir / ".lock").open("w") as held:
        held.write("4711")
        held.flush()
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(LockError, match="process 4711 holds it"):
            run.run(settings, AT)
    assert len(run.run(settings, AT)) == 3


@pytest.mark.parametrize("moment", ["listed", "counted"])
def test_a_segment_that_is_closed_meanwhile_is_read_once(
    make_settings: Make, monkeypatch: pytest.MonkeyPatch, flights: Watched, moment: str
) -> None:
    """Closing renames it: right after it was listed, or while a run reads it again and again."""
    settings = make_settings()
    events = flight_events(flights, july(flights, 1500), END - DAY, DAY)
    segment = write(settings.events_dir, events, "a.jsonl.open").path

    def close() -> None:
        if segment.exists():
            segment.rename(segment.with_suffix(""))

    def list_then_close(folder: Path, since: float = 0.0) -> object:
        found = list_segments(folder, since)
        close()
        return found

    def count_closed(*tables: Any, **how: Any) -> object:
        close()
        return cube(*tables, **how)

    if moment == "listed":
        monkeypatch.setattr(archive, "list_segments", list_then_close)
    else:
        monkeypatch.setattr(log_source, "cube", count_closed)
    assert by_window(run.run(settings, AT, ("1d",)))["1d"].rows == len(events)
    assert segment.with_suffix("").exists()


def test_a_package_that_was_changed_is_left_out_and_named(
    make_settings: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are reported; with none left, the run fails."""
    models = tmp_path / "models"
    for name in ("flight-delay", "flight-delay-onehot"):
        copy_package(name, models)
    with (models / "flight-delay/1/reference.json").open("ab") as changed:
        changed.write(b" ")
    settings = make_settings(models_dir=models)
    assert {one.model for one in run.run(settings, AT)} == {"flight-delay-onehot"}
    assert "package not watched: flight-delay/1: reference.json is not the one that was packaged" in caplog.text
    (models / "flight-delay-onehot/1/reference.json").unlink()
    with pytest.raises(RunError, match="no model package that can be watched"):
        run.run(settings, AT)


def command(settings: Settings, monkeypatch: pytest.MonkeyPatch, *more: str) -> int:
    """``python -m monitoring drift run`` as of the moment."""
    for name in ("events_dir", "labels_dir", "models_dir", "reports_dir", "archive_dir", "state_dir", "evidently"):
        monkeypatch.setenv(f"PUERTA_{name.upper()}", str(getattr(settings, name)))
    return __main__.main(["drift", "run", "--at", "2026-07-10T12:20:00Z", *more])


def test_the_exit_code_tells_whether_an_alert_stands(
    make_settings: Make, flights: Watched, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 without one, 1 with one, 2 where the reports could not be made, 75 where another run is at it.

    Progress is told on standard error.
    """
    settings = make_settings()
    write(settings.events_dir, flight_events(flights, july(flights, 3000), END - 2 * DAY, 2 * DAY))
    assert command(settings, monkeypatch, "--window", "1d") == 0
    said = capsys.readouterr()
    assert "judging flight-delay/1, 1d" in said.err
    assert said.out.splitlines()[1].split()[::3][:2] == ["flight-delay/1", "none"]
    settings = make_settings(events_dir=settings.state_dir / "more", archive_dir=settings.state_dir / "others")
    write(settings.events_dir, flight_events(flights, july(flights, 3000, 500), END - 2 * DAY, 2 * DAY))
    niceness: list[int] = []
    monkeypatch.setattr(os, "nice", niceness.append)
    assert command(settings, monkeypatch, "--quiet", "--gently") == 1
    assert niceness == [10]
    said = capsys.readouterr()
    assert said.err == ""
    assert "alert: OPERA" in said.out
    assert command(settings, monkeypatch, "--quiet", "--exit-zero") == 0
    assert "alert: OPERA" in capsys.readouterr().out
    assert command(make_settings(models_dir=settings.events_dir), monkeypatch) == 2
    assert "the reports could not be made" in capsys.readouterr().err
    monkeypatch.setattr(run, "_LOCK_SECONDS", 0.0)
    with only_one(settings.reports_dir / ".lock"):
        assert command(settings, monkeypatch) == os.EX_TEMPFAIL
    assert f"nothing done, another run is under way: {settings.reports_dir}/.lock" in capsys.readouterr().err


def test_what_nobody_foresaw_is_a_failure_and_no_alert(
    make_settings: Make, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python's own exit code for it would be 1."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("nobody foresaw this")

    monkeypatch.setattr(run, "make", broken)
    assert command(make_settings(), monkeypatch) == 2
    assert "nobody foresaw this" in capsys.readouterr().err


def test_no_page_leads_to_a_report_that_the_same_run_deleted(make_settings: Make, flights: Watched) -> None:
    """Of a day long ago the last report stays: the one before it goes, and so do the links to it. What was asked for stays."""
    settings = make_settings()
    write(settings.events_dir, flight_events(flights, july(flights, 3000), END - 2 * DAY, 2 * DAY))
    for at in (AT - 2 * HOUR, AT - HOUR, AT, AT - HOUR):
        (made,) = run.run(settings, at, ("1d",))
        assert (settings.reports_dir / made.place).exists()
        pages = {path.relative_to(settings.reports_dir).as_posix() for path in settings.reports_dir.rglob("*.html")}
        links = set(re.findall(r'href="([^"#]+\.html)"', (settings.reports_dir / "index.html").read_text()))
        assert links
        assert links <= pages
        assert pages - {"index.html"} == {place.replace(".json", ".html") for place in named(settings)}


def named(settings: Settings) -> set[str]:
    """The reports that there are."""
    return {
        path.relative_to(settings.reports_dir).as_posix() for path in settings.reports_dir.glob("drift/*/*/*/*Z.json")
    }
