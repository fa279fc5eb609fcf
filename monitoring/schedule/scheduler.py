"""Runs at the moments of a cron expression, one at a time; what was missed is caught up once."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from monitoring import moment
from monitoring.lock import only_one
from monitoring.schedule.history import History, Run
from monitoring.schedule.timetable import Timetable

_LONGEST_WAIT = 30.0  # seconds: the clock may be set meanwhile
_STANDING_BY = 5.0  # seconds: how soon another takes over
_ALERT = 1
_SUCCESSES = (0, _ALERT)
_log = logging.getLogger("puerta.monitoring.schedule")

Result = Literal["success", "failure"]


class Scheduler:
    """Runs a command in a process of its own, which gives back all of its memory, and whose end disturbs nobody.

    Of several schedulers of one folder one runs; the others stand by, and one takes over when that one ends.
    """

    def __init__(
        self,
        timetable: Timetable,
        environment: Mapping[str, str],
        history: History,
        count: Callable[[Result], None],
        *,
        lock: Path,
        last: Callable[[], datetime | None],
        command: tuple[str, ...] = (sys.executable, "-m", "monitoring", "drift", "run", "--quiet", "--gently"),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """``last`` tells when there was a success before; ``count`` is told the result of every run."""
        self._timetable = timetable
        self._environment = dict(environment)
        self._history = history
        self._count = count
        self._lock = lock
        self._last = last
        self._command = command
        self._clock = clock
        self._caught_up: date | None = None
        self._stopping = threading.Event()
        self._process: subprocess.Popen[str] | None = None

    def run_until_stopped(self) -> None:
        """Run at once if a run was missed or there never was one, then at every moment of the timetable.

        A clock that is set back by less than two moments repeats nothing. Where it is set back by more, the last run was at a
        time that will not be for long: then there is a run at once.
        """
        if self._timetable.is_empty:
            self._stopping.wait()
        told = ""
        self._stopping.wait(self._timetable.delay.total_seconds())
        while not self._stopping.is_set():
            try:
                with only_one(self._lock):
                    self._run_at_moments()
            except OSError as error:
                if str(error) != told:
                    _log.warning("standing by: reports are made by another, or can't be", extra={"reason": str(error)})
                told = str(error)
                self._stopping.wait(_STANDING_BY)

    def _run_at_moments(self) -> None:
        last = self._last()
        while not self._stopping.is_set():
            now = self._clock()
            if (
                last is None
                or last < self._timetable.previous(now)
                or last > self._timetable.upcoming(self._timetable.upcoming(now))
            ):
                last = now
                self._run(now)
                continue
            self._stopping.wait(min((self._timetable.upcoming(now) - now).total_seconds(), _LONGEST_WAIT))

    def stop(self) -> None:
        """End at once, and the run that is under way with it. May be called from another thread."""
        self._stopping.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()

    def _run(self, started: datetime) -> None:
        today = started.date()
        catch_up = () if self._caught_up == today else ("--catch-up",)
        try:
            process = self._process = subprocess.Popen(  # noqa: S603 - our own command
                (*self._command, *catch_up),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
        except OSError as error:
            self._tell(started, -1, f"no process could be started: {error}")
            return
        if self._stopping.is_set():
            process.terminate()
        _, said = process.communicate()
        self._process = None
        if self._stopping.is_set() and process.returncode < 0:
            return  # ended by us: neither a success nor a failure
        if process.returncode == os.EX_TEMPFAIL:
            _log.warning("no reports made: another run is under way", extra={"reason": said.strip()})
            return
        if process.returncode in _SUCCESSES:
            self._caught_up = today
        self._tell(started, process.returncode, said.strip())

    def _tell(self, started: datetime, code: int, said: str) -> None:
        result: Result = "success" if code in _SUCCESSES else "failure"
        self._count(result)
        times = moment.text(started), moment.text(self._clock())
        if result == "success":
            _log.info("reports made", extra={"alert": code == _ALERT})
            if said:
                _log.warning("the run had something to say", extra={"said": said})
            self._record(Run(*times, result, alert=code == _ALERT))
        else:
            reason = said or f"the run ended with {code}"
            _log.error("reports not made; the old ones stay", extra={"reason": reason})
            self._record(Run(*times, result, reason=reason))

    def _record(self, run: Run) -> None:
        try:
            self._history.add(run)
        except OSError as error:
            _log.error("run not written down", extra={"reason": str(error)})
