"""Runs at their time: which are made, which are caught up, and what becomes of one that fails."""

import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitoring.schedule.history import History, Run
from monitoring.schedule.scheduler import Result, Scheduler, previous, upcoming

NOW = datetime(2026, 7, 10, 12, 20, tzinfo=UTC)
HOURLY = "5 * * * *"
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is looked at again at once."""
    monkeypatch.setattr("monitoring.schedule.scheduler._LONGEST_WAIT", 0.001)


class Clock:
    """Tells ``moments`` one after another, and the last one from then on; calls ``at_end`` when that is reached."""

    def __init__(self, *moments: datetime) -> None:
        self.moments = list(moments)
        self.at_end: Callable[[], None] = lambda: None

    def __call__(self) -> datetime:
        if len(self.moments) == 1:
            self.at_end()
            return self.moments[0]
        return self.moments.pop(0)


def runs(
    folder: Path, clock: Clock, last: datetime | None, code: str = "pass", expression: str = HOURLY
) -> tuple[list[Run], list[Result]]:
    """What is written down and counted until the clock has told all of its moments."""
    counted: list[Result] = []
    history = History(folder)
    command = (sys.executable, "-c", code)
    scheduler = Scheduler(expression, {}, history, counted.append, last=last, command=command, clock=clock)
    clock.at_end = scheduler.stop
    scheduler.run_until_stopped()
    return history.runs(), counted


def test_the_first_run_is_at_once(tmp_path: Path) -> None:
    """Where there never was one."""
    found, counted = runs(tmp_path, Clock(NOW, NOW, NOW), None)
    assert counted == ["success"]
    assert found == [Run("2026-07-10T12:20:00Z", "2026-07-10T12:20:00Z", "success")]


def test_a_run_that_was_missed_is_caught_up_once(tmp_path: Path) -> None:
    """However many were missed: the reports are of the newest windows."""
    assert len(runs(tmp_path, Clock(NOW, NOW, NOW), NOW - timedelta(days=3))[0]) == 1


def test_a_run_that_was_made_is_not_made_again(tmp_path: Path) -> None:
    """A platform that is started again a minute later waits for the next moment."""
    assert runs(tmp_path, Clock(NOW, NOW, NOW), NOW - 10 * MINUTE)[0] == []


def test_moments_that_passed_during_a_run_are_one_run(tmp_path: Path) -> None:
    """One at a time: after a run of three hours there is one more, not three."""
    late = NOW + timedelta(hours=3)
    assert len(runs(tmp_path, Clock(NOW, late, late, late, late), None)[0]) == 2


def test_a_clock_that_is_set_back_repeats_nothing(tmp_path: Path) -> None:
    """The hour that comes twice is reported once."""
    back = NOW - timedelta(hours=2)
    assert len(runs(tmp_path, Clock(NOW, NOW, back), None)[0]) == 1


def test_a_failure_is_counted_and_its_reason_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The next run is at its usual time."""
    found, counted = runs(
        tmp_path, Clock(NOW, NOW, NOW), None, "import sys; print('no disk', file=sys.stderr); sys.exit(2)"
    )
    assert counted == ["failure"]
    assert (found[0].result, found[0].reason) == ("failure", "no disk")
    assert "reports not made" in caplog.text


def test_what_a_run_said_is_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Reports were made, and a package was left out: that must not go unheard."""
    runs(tmp_path, Clock(NOW, NOW, NOW), None, "import sys; print('package not watched', file=sys.stderr)")
    (warning,) = (record for record in caplog.records if record.levelname == "WARNING")
    assert warning.__dict__["said"] == "package not watched"


def test_an_alert_is_a_success(tmp_path: Path) -> None:
    """The run did what it was to do; its history tells that an alert stands."""
    found, counted = runs(tmp_path, Clock(NOW, NOW, NOW), None, "raise SystemExit(1)")
    assert counted == ["success"]
    assert found[0].alert


def test_a_program_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    """The scheduler goes on."""
    counted: list[Result] = []
    clock = Clock(NOW, NOW, NOW)
    scheduler = Scheduler(HOURLY, {}, History(tmp_path), counted.append, last=None, command=("/none",), clock=clock)
    clock.at_end = scheduler.stop
    scheduler.run_until_stopped()
    assert counted == ["failure"]


def test_told_to_stop_it_ends_at_once_with_its_run(tmp_path: Path) -> None:
    """What was under way is neither a success nor a failure."""
    counted: list[Result] = []
    history = History(tmp_path)
    started = tmp_path / "started"
    code = f"import pathlib, time; pathlib.Path({str(started)!r}).touch(); time.sleep(600)"
    scheduler = Scheduler(HOURLY, {}, history, counted.append, last=None, command=(sys.executable, "-c", code))
    running = threading.Thread(target=scheduler.run_until_stopped)
    running.start()
    until = time.monotonic() + 30
    while not started.exists():
        assert time.monotonic() < until
        time.sleep(0.01)
    scheduler.stop()
    running.join(30)
    assert not running.is_alive()
    assert (counted, history.runs()) == ([], [])


def test_waiting_is_ended_too(tmp_path: Path) -> None:
    """Between two runs."""
    scheduler = Scheduler(HOURLY, {}, History(tmp_path), lambda _: None, last=datetime.now(UTC))
    running = threading.Thread(target=scheduler.run_until_stopped)
    running.start()
    scheduler.stop()
    running.join(30)
    assert not running.is_alive()


@pytest.mark.parametrize(
    ("now", "before", "after"),
    [
        ("12:20:00", "12:05:00", "13:05:00"),
        ("12:05:00", "12:05:00", "13:05:00"),
        ("12:05:30", "12:05:00", "13:05:00"),
        ("12:04:59", "11:05:00", "12:05:00"),
    ],
)
def test_the_moments_of_an_expression(now: str, before: str, after: str) -> None:
    """The last one, which may be now, and the next one, which is not."""
    moment = datetime.fromisoformat(f"2026-07-10T{now}+00:00")
    assert previous(HOURLY, moment) == datetime.fromisoformat(f"2026-07-10T{before}+00:00")
    assert upcoming(HOURLY, moment) == datetime.fromisoformat(f"2026-07-10T{after}+00:00")


def test_an_expression_of_seconds() -> None:
    """The last moment of one has been, however near the next one is."""
    expression, midnight = "*/30 * * * * *", NOW + timedelta(seconds=30)
    for second in (0, 1, 29):
        assert previous(expression, midnight + timedelta(seconds=second)) == midnight
        assert upcoming(expression, midnight + timedelta(seconds=second)) == NOW + MINUTE


def test_the_history_keeps_the_newest_runs(tmp_path: Path) -> None:
    """It does not grow without end, and a line that was cut short is left out."""
    history = History(tmp_path)
    for number in range(2005):
        history.add(Run(str(number), str(number), "success"))
    with (tmp_path / "runs.jsonl").open("ab") as file:
        file.write(b'{"started": "x"')
    found = history.runs()
    assert 1000 <= len(found) < 2000
    assert found[-1].started == "2004"
