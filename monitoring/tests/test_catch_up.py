"""Reports of days that are over: made where they are missing, and again where events or labels came late."""

import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from monitoring import moment, run
from monitoring.inputs import reach
from monitoring.pace import REAL, Pace
from monitoring.pages.revision import revision
from monitoring.report import LATEST, Report, Revised, end_of, place_of, read, read_latest
from monitoring.revision import LOOKED_BACK, day_ends, former_of, revise, stands
from monitoring.run import WINDOWS
from monitoring.settings import Settings
from monitoring.tests import canned
from monitoring.tests.logs import event, label, write

AT = datetime(2026, 7, 10, 12, 20, tzinfo=UTC)
MIDNIGHT = datetime(2026, 7, 10, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FLIGHT = {"OPERA": "Sky Airline", "TIPOVUELO": "N", "MES": 7}
Make = Callable[..., Settings]


def log(settings: Settings, days: Iterable[float], name: str = "a.jsonl", rows: int = 30) -> None:
    """So many events an hour at times before midnight, in days; ids tell when."""
    lines = [
        event(MIDNIGHT - day * DAY + timedelta(seconds=row), FLIGHT, id_=f"{day}-{row}")
        for day in days
        for row in range(rows)
    ]
    write(settings.events_dir, lines, name)


def catch_up(settings: Settings, *windows: str, at: datetime = AT) -> dict[str, Report]:
    """Run, and read every report that is there, by window and the day and hour that it ends."""
    run.run(settings, at, windows or WINDOWS, catch_up=True)
    places = sorted(settings.reports_dir.glob("drift/flight-delay/1/*/*Z.json"))
    return {f"{path.parent.name} {path.stem[5:]}": read(settings.reports_dir, str(path)) for path in places}


def revisions(reports: dict[str, Report]) -> dict[str, int]:
    """Those of reports that were made again."""
    return {name: report.revision for name, report in reports.items() if report.revision > 1}


def test_the_ends_of_the_last_days() -> None:
    """Midnights of UTC, the last one now at the earliest; of short days multiples of the day."""
    ends = list(day_ends(REAL, AT))
    assert (len(ends), ends[0], ends[-1]) == (LOOKED_BACK, MIDNIGHT - 27 * DAY, MIDNIGHT)
    assert list(day_ends(REAL, MIDNIGHT))[-1] == MIDNIGHT
    short = list(day_ends(Pace(30), AT + timedelta(seconds=44)))
    assert short[-1] == AT + timedelta(seconds=30)
    assert short[-1] - short[-2] == timedelta(seconds=30)


def test_a_place_tells_the_end_of_its_window() -> None:
    """Of real days and of short ones."""
    for seconds, end in ((86_400, MIDNIGHT), (30, AT + timedelta(seconds=30))):
        assert end_of(place_of("model", "1", "7d", end, seconds)) == end
        report = canned.report(end, day_seconds=seconds)
        assert report.place == place_of(report.model, report.version, report.window, end, seconds)


def test_every_day_since_the_first_event_gets_its_reports(make_settings: Make) -> None:
    """Each is what a run at that time would have made; the newest reports stay named, and no day is told before the first."""
    settings = make_settings(drift_min_rows=100)
    hours = [hour / 24 for hour in range(-9, 61)]
    log(settings, hours)
    found = catch_up(settings)
    days = {f"{window} 07-{day:02d}T00Z" for window in WINDOWS for day in (8, 9, 10)}
    assert found.keys() == days | {f"{window} 07-10T13Z" for window in WINDOWS}
    assert {report.revision for report in found.values()} == {1}
    assert found["1d 07-09T00Z"].rows == 24 * 30
    assert found["7d 07-09T00Z"].rows == 36 * 30
    latest = read_latest(settings.reports_dir)
    assert latest is not None
    assert {Path(place).name for place in latest.reports} == {"2026-07-10T13Z.json"}
    elsewhere = make_settings(drift_min_rows=100, reports_dir=settings.state_dir / "elsewhere")
    then = {report.window: report for report in run.run(elsewhere, MIDNIGHT - timedelta(seconds=1))}
    assert {window: found[f"{window} 07-10T00Z"] for window in WINDOWS} == then
    pages = {path.stem for path in settings.reports_dir.glob("drift/*/*/7d/*.html")}
    assert pages == {f"2026-{name[3:]}" for name in found if name.startswith("7d")}


def test_what_would_be_deleted_at_once_is_not_made(make_settings: Make) -> None:
    """A day's end that is older than reports are kept: it would be made and deleted every day."""
    settings = make_settings(reports_keep_days=4)
    now = datetime.now(UTC)
    write(settings.events_dir, [event(now - day * DAY, FLIGHT) for day in range(10)])
    told: list[str] = []
    run.run(settings, now, ("1d",), told.append, catch_up=True)
    assert len([line for line in told if line.startswith("judging")]) == 4 + 1
    assert not [line for line in told if line.startswith("deleted")]


def test_where_nothing_changed_nothing_is_written(make_settings: Make) -> None:
    """Nor is a page; where segments lie makes no difference, nor does a segment that is empty."""
    settings = make_settings(drift_min_rows=100)
    log(settings, [hour / 24 for hour in range(60)])
    catch_up(settings)
    before = {path: path.stat().st_mtime_ns for path in settings.reports_dir.glob("drift/*/*/*/*T00Z.*")}
    newest = {path: path.stat().st_mtime_ns for path in settings.reports_dir.rglob("*T13Z.json")}
    assert len(before) == 2 * 9
    write(settings.events_dir, [], "empty.jsonl")
    (settings.events_dir / "a.jsonl").rename(settings.events_dir / "z.jsonl.open")
    for path in settings.archive_dir.iterdir():
        path.rename(settings.state_dir / path.name)
    told: list[str] = []
    run.run(settings, AT, progress=told.append, catch_up=True)
    assert len([line for line in told if line.startswith("judging")]) == 3  # the newest, and none of the past
    assert {path: path.stat().st_mtime_ns for path in settings.reports_dir.glob("drift/*/*/*/*T00Z.*")} == before
    assert {path: path.stat().st_mtime_ns for path in settings.reports_dir.rglob("*T13Z.json")} == newest


def test_late_events_and_labels_make_their_windows_again(make_settings: Make) -> None:
    """With a revision more, and with what came late; windows that do not rest on it stay as they are."""
    settings = make_settings(drift_min_rows=100, label_due_days=2.0)
    log(settings, [hour / 24 for hour in range(6 * 24)])
    catch_up(settings, "1d")
    log(settings, [3.5], "late.jsonl", rows=40)
    found = catch_up(settings, "1d")
    # A day rests on the week before it too, on none after it.
    since = ["1d 07-07T00Z", "1d 07-08T00Z", "1d 07-09T00Z", "1d 07-10T00Z", "1d 07-10T13Z"]
    assert revisions(found) == dict.fromkeys(since, 2)
    revised = found["1d 07-07T00Z"].revised
    assert revised is not None
    assert (revised.predictions, revised.labels, revised.cause) == (40, 0, "log")
    assert found["1d 07-07T00Z"].rows == 24 * 30 + 40
    page = (settings.reports_dir / found["1d 07-07T00Z"].place).with_suffix(".html").read_text()
    assert f"Revision 2, made again on {revised.at[:10]}" in page
    assert "40 predictions came late." in page
    write(settings.labels_dir, [label(AT, f"2.0-{row}", 1) for row in range(25)])
    found = catch_up(settings, "1d")
    assert revisions(found) == dict.fromkeys(since[:2], 2) | dict.fromkeys(since[2:], 3)
    assert found["1d 07-09T00Z"].quality.labels == 25
    assert revision(found["1d 07-09T00Z"]).endswith("UTC: 25 labels came late.")
    assert revisions(catch_up(settings, "1d")) == revisions(found)
    write(settings.labels_dir, [label(AT + HOUR, "2.0-3", 0)], "changed.jsonl")
    assert catch_up(settings, "1d")["1d 07-09T00Z"].revision == 4


def test_other_settings_are_told_as_such(make_settings: Make) -> None:
    """The report is another one, and nothing came late."""
    log(make_settings(), [hour / 24 for hour in range(30)])
    catch_up(make_settings(), "1d")
    found = catch_up(make_settings(drift_min_rows=100), "1d")
    assert set(revisions(found).values()) == {2}
    assert revision(found["1d 07-10T00Z"]).endswith("UTC: the settings or the package are others.")


def test_a_report_that_is_gone_or_cannot_be_read_is_made_again(make_settings: Make) -> None:
    """As one that was never there; a page that is gone, or older than its report, as after a kill, is made again too."""
    settings = make_settings(drift_min_rows=100)
    log(settings, [hour / 24 for hour in range(48)])
    before = catch_up(settings, "1d")
    places = {name: settings.reports_dir / report.place for name, report in before.items()}
    places["1d 07-09T00Z"].unlink()
    places["1d 07-10T00Z"].write_text("{")
    places["1d 07-10T13Z"].with_suffix(".html").unlink()
    assert catch_up(settings, "1d") == before
    assert all(path.with_suffix(".html").exists() for path in places.values())
    stale = places["1d 07-09T00Z"].with_suffix(".html")
    stale.write_text("of before")
    os.utime(stale, ns=(0, places["1d 07-09T00Z"].stat().st_mtime_ns - 1))
    catch_up(settings, "1d")
    assert stale.read_text() != "of before"


def test_a_report_of_former_times_is_read_and_made_anew(make_settings: Make) -> None:
    """It has neither inputs nor revision."""
    settings = make_settings()
    log(settings, [hour / 24 for hour in range(30)])
    first = catch_up(settings, "1d")["1d 07-10T00Z"]
    path = settings.reports_dir / first.place
    document = msgspec.json.decode(path.read_bytes())
    for name in ("inputs", "revision", "revised"):
        document.pop(name, None)
    path.write_bytes(msgspec.json.encode(document))
    former = read(settings.reports_dir, first.place)
    assert (former.inputs, former.revision, former.rows) == ("", 0, first.rows)
    assert catch_up(settings, "1d")["1d 07-10T00Z"] == first


def test_short_days_are_caught_up_too(make_settings: Make) -> None:
    """Multiples of the day, by the second."""
    settings = make_settings(drift_day_seconds=60, drift_min_rows=10)
    at = datetime.now(UTC).replace(second=0, microsecond=0) - HOUR
    write(settings.events_dir, [event(at - timedelta(seconds=second), FLIGHT) for second in range(150)])
    found = catch_up(settings, "1d", at=at)
    ends = [at - timedelta(minutes=2), at - timedelta(minutes=1), at, at + timedelta(seconds=1)]
    assert [report.until for report in found.values()] == [moment.text(end) for end in ends]
    assert [report.rows for report in found.values()] == [29, 60, 60, 60]


def test_a_run_for_an_older_moment_leaves_the_newest_named(make_settings: Make) -> None:
    """By hand, or by a clock that was set back; reports of a time to come, of a clock that was ahead, are named no more."""
    settings = make_settings()
    run.run(settings, AT)
    latest = (settings.reports_dir / LATEST).read_bytes()
    run.run(settings, AT - DAY)
    assert (settings.reports_dir / LATEST).read_bytes() == latest
    ahead = canned.report(datetime.now(UTC) + 400 * DAY, model="flight-delay")
    canned.put(settings.reports_dir, [ahead])
    run.run(settings, AT, ("1d",))
    newest = read_latest(settings.reports_dir)
    assert newest is not None
    assert newest.reports == ("drift/flight-delay/1/1d/2026-07-10T13Z.json",)


def test_a_revision_is_counted_from_the_end_of_the_window() -> None:
    """What was told of a part of a window is no report of it; the same inputs are the same report."""
    report = canned.report(MIDNIGHT)
    first = revise(report, "a-b", None, MIDNIGHT - HOUR)
    assert (first.revision, first.revised) == (0, None)
    assert not stands(first, "a-b")
    assert revise(report, "c-b", first, MIDNIGHT - HOUR) == replace(report, inputs="c-b")
    whole = revise(report, "c-b", first, MIDNIGHT)
    assert (whole.revision, whole.revised) == (1, None)
    assert stands(whole, "c-b")
    assert revise(report, "c-b", whole, MIDNIGHT - HOUR) == whole  # a clock that was set back
    more = replace(report, rows=report.rows + 5)
    again = revise(more, "d-b", whole, MIDNIGHT + HOUR)
    assert (again.revision, again.revised) == (2, Revised("2026-07-10T01:00:00Z", 5, 0))
    assert revise(more, "d-b", again, MIDNIGHT + DAY) == again
    assert not stands(again, "c-b")


@pytest.mark.parametrize(
    ("revised", "said"),
    [
        (Revised(moment.text(AT), 1, 312), "1 prediction and 312 labels came late"),
        (Revised(moment.text(AT), 1200, -1), "1,200 predictions came late, 1 label less"),
        (Revised(moment.text(AT), 0, 0), "late events, or labels that changed"),
        (Revised(moment.text(AT), 0, 3, "settings"), "the settings or the package are others"),
    ],
)
def test_why_it_was_made_again_is_said(revised: Revised, said: str) -> None:
    """In words, with what came; nothing is said of a report that was made once."""
    report = canned.report(revision=2, revised=revised)
    assert revision(report) == f"Revision 2, made again on 2026-07-10 12:20 UTC: {said}."
    assert revision(canned.report(revision=1)) == ""


def test_what_is_not_there_is_no_former_report(tmp_path: Path) -> None:
    """Nor is what can't be read."""
    assert former_of(tmp_path, "drift/none.json") is None


def test_how_far_back_a_report_looks(make_settings: Make) -> None:
    """To the window before it, to the predictions whose labels are due at its end, or to the days before a day."""
    assert reach(["1d"], make_settings()) == 8 * DAY
    assert reach(["1d"], make_settings(label_due_days=9.0)) == 10 * DAY
    assert reach(["7d"], make_settings()) == 14 * DAY
    assert reach(["1d", "7d"], make_settings(label_due_days=0.5)) == 8 * DAY
    assert reach(["28d"], make_settings(label_due_days=0.5, drift_step_hours=0)) == 28.5 * DAY


def test_events_are_kept_as_far_as_reports_look_back(make_settings: Make) -> None:
    """A run that catches up needs the oldest day's end, its longest window, and the one before or the labels that are due."""
    for values in ({}, {"label_due_days": 30.0}, {"drift_step_hours": 240}):
        settings = make_settings(**values)
        needed = AT - (next(day_ends(REAL, AT)) - reach(WINDOWS, settings))
        assert settings.least_keep_days * DAY >= needed > (settings.least_keep_days - 2) * DAY
