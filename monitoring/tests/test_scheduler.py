"""Runs at their time: which are made, which are caught up, and what becomes of one that fails."""

import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitoring.lock import only_one
from monitoring.schedule.history import History, Run
from monitoring.schedule.scheduler import Result, Scheduler
from monitoring.schedule.timetable import Timetable, jitter

NOW = datetime(2026, 7, 10, 12, 20, tzinfo=UTC)
HOURLY = Timetable("5 * * * *")
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is looked at again at once."""
    monkeypatch.setattr("monitoring.schedule.scheduler._LONGEST_WAIT", 0.001)
    monkeypatch.setattr("monitoring.schedule.scheduler._STANDING_BY", 0.001)


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


def make(
    folder: Path,
    count: Callable[[Result], None] = lambda _: None,
    timetable: Timetable = HOURLY,
    last: datetime | None = None,
    **values: Any,
) -> Scheduler:
    """A scheduler of a folder."""
    lock = folder / ".schedule.lock"
    return Scheduler(timetable, {}, History(folder), count, lock=lock, last=lambda: last, **values)


def runs(
    folder: Path, clock: Clock, last: datetime | None, code: str = "pass", timetable: Timetable = HOURLY
) -> tuple[list[Run], list[Result]]:
    """What is written down and counted until the clock has told all of its moments."""
    counted: list[Result] = []
    command = (sys.executable, "-c", code)
    scheduler = make(folder, counted.append, timetable, last, command=command, clock=clock)
    clock.at_end = scheduler.stop
    scheduler.run_until_stopped()
    return History(folder).runs(), counted


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


@pytest.mark.parametrize("minutes", [1, 30, 60])
def test_a_clock_that_is_set_back_repeats_nothing(tmp_path: Path, minutes: int) -> None:
    """The hour that comes twice is reported once."""
    back = NOW - minutes * MINUTE
    assert (
        len(runs(tmp_path, Clock(NOW, NOW, *[back + minute * MINUTE for minute in range(minutes + 30)]), None)[0]) == 1
    )


def test_a_clock_that_was_far_ahead_keeps_nothing_from_running(tmp_path: Path) -> None:
    """One run at once when it is right again, then each at its moment; whether a run or its end was told before."""
    moments = [NOW + minute * MINUTE for minute in range(60)]
    expected = ["2026-07-10T12:20:00Z", "2026-07-10T13:05:00Z"]
    ahead = NOW + timedelta(days=400)
    assert [run.started for run in runs(tmp_path / "restarted", Clock(*moments), ahead)[0]] == expected
    found = runs(tmp_path / "running", Clock(ahead, ahead, *moments), None)[0]
    assert [run.started for run in found[1:]] == expected


def test_a_clock_that_is_set_ahead_makes_one_run(tmp_path: Path) -> None:
    """However many moments it left out."""
    ahead = NOW + timedelta(days=30)
    assert len(runs(tmp_path, Clock(NOW, NOW, ahead, ahead, ahead), NOW)[0]) == 1


CATCH_UP = 'if [ "$0" = --catch-up ]; then exit {code}; fi'  # as the first argument behind the program it is $0


def caught_up(folder: Path, clock: Clock, code: int) -> list[bool]:
    """Of each run whether it was told to catch up, which then ends with a code."""
    scheduler = make(folder, command=("sh", "-c", CATCH_UP.format(code=code)), clock=clock)
    clock.at_end = scheduler.stop
    scheduler.run_until_stopped()
    return [run.alert or run.result == "failure" for run in History(folder).runs()]


def test_the_first_run_and_that_of_a_new_day_catch_up(tmp_path: Path) -> None:
    """The others need not: what comes late is told a day later at most."""
    hours = [NOW + hour * timedelta(hours=1) for hour in range(26) for _ in range(3)]
    found = caught_up(tmp_path, Clock(*hours), 1)
    assert [place for place, was in enumerate(found) if was] == [0, 12]
    assert len(found) == 26


def test_a_failure_to_catch_up_is_tried_again(tmp_path: Path) -> None:
    """With the next run."""
    hours = [NOW + hour * timedelta(hours=1) for hour in range(3) for _ in range(3)]
    assert caught_up(tmp_path, Clock(*hours), 2) == [True, True, True]


def test_a_run_beside_another_is_no_failure(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One made by hand at that moment: it does the same."""
    assert runs(tmp_path, Clock(NOW, NOW, NOW), None, f"raise SystemExit({os.EX_TEMPFAIL})") == ([], [])
    assert "another run is under way" in caplog.text


def test_without_moments_nothing_runs(tmp_path: Path) -> None:
    """Reports are made elsewhere; what they say is served."""
    scheduler = make(tmp_path, timetable=Timetable("-"), command=("/none",))
    running = threading.Thread(target=scheduler.run_until_stopped)
    running.start()
    scheduler.stop()
    running.join(30)
    assert not running.is_alive()
    assert list(tmp_path.iterdir()) == []


def test_of_two_schedulers_one_stands_by(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It says so once, counts nothing, and takes over when the first one ends: what was missed is caught up then."""
    counted: list[Result] = []
    with only_one(tmp_path / ".schedule.lock"):
        scheduler = make(tmp_path, counted.append, command=(sys.executable, "-c", "pass"))
        running = threading.Thread(target=scheduler.run_until_stopped)
        running.start()
        time.sleep(0.2)
        assert counted == []
        assert caplog.text.count("standing by") == 1
    until = time.monotonic() + 30
    while not counted:
        assert time.monotonic() < until
        time.sleep(0.01)
    scheduler.stop()
    running.join(30)
    assert counted == ["success"]


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
    scheduler = make(tmp_path, counted.append, command=("/none",), clock=clock)
    clock.at_end = scheduler.stop
    scheduler.run_until_stopped()
    assert counted == ["failure"]


def test_told_to_stop_it_ends_at_once_with_its_run(tmp_path: Path) -> None:
    """What was under way is neither a success nor a failure."""
    counted: list[Result] = []
    started = tmp_path / "started"
    code = f"import pathlib, time; pathlib.Path({str(started)!r}).touch(); time.sleep(600)"
    scheduler = make(tmp_path, counted.append, command=(sys.executable, "-c", code))
    running = threading.Thread(target=scheduler.run_until_stopped)
    running.start()
    until = time.monotonic() + 30
    while not started.exists():
        assert time.monotonic() < until
        time.sleep(0.01)
    scheduler.stop()
    running.join(30)
    assert not running.is_alive()
    assert (counted, History(tmp_path).runs()) == ([], [])


def test_waiting_is_ended_too(tmp_path: Path) -> None:
    """Between two runs."""
    scheduler = make(tmp_path, last=datetime.now(UTC))
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
    assert HOURLY.previous(moment) == datetime.fromisoformat(f"2026-07-10T{before}+00:00")
    assert HOURLY.upcoming(moment) == datetime.fromisoformat(f"2026-07-10T{after}+00:00")


def test_a_delay_is_the_same_every_time() -> None:
    """Runs stay an hour apart; other machines have other delays, of the whole time that is given."""
    second = MINUTE / 60
    late, at = Timetable("5 * * * *", 40 * second), NOW.replace(minute=5)
    assert late.previous(at + 39 * second) == at - 60 * MINUTE + 40 * second
    assert late.previous(at + 40 * second) == late.upcoming(at) == at + 40 * second
    assert late.upcoming(at + 40 * second) == at + 60 * MINUTE + 40 * second
    found = [jitter(60, f"machine-{number} model/1") for number in range(200)]
    assert found == [jitter(60, f"machine-{number} model/1") for number in range(200)]
    assert {delay.total_seconds() for delay in found} <= set(range(60))
    assert len(set(found)) > 40
    assert jitter(0, "machine") == timedelta(0)


def test_a_run_is_made_after_its_delay(tmp_path: Path) -> None:
    """The first one too: machines that are started together do not run together."""
    late, at = Timetable("5 * * * *", MINUTE / 200), NOW.replace(minute=5)
    moments = [at, at + late.delay / 2, at + late.delay, at + late.delay]
    begun = time.monotonic()
    assert len(runs(tmp_path, Clock(*moments), at - 60 * MINUTE + late.delay, timetable=late)[0]) == 1
    assert time.monotonic() - begun >= late.delay.total_seconds()


def test_an_expression_of_seconds() -> None:
    """The last moment of one has been, however near the next one is."""
    timetable, midnight = Timetable("*/30 * * * * *"), NOW + timedelta(seconds=30)
    for second in (0, 1, 29):
        assert timetable.previous(midnight + timedelta(seconds=second)) == midnight
        assert timetable.upcoming(midnight + timedelta(seconds=second)) == NOW + MINUTE


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
