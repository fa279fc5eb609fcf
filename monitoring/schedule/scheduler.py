"""Runs at the moments of a cron expression, one at a time; what was missed is caught up once."""

import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Literal

from cronsim import CronSim

from monitoring import moment
from monitoring.schedule.history import History, Run

_LONGEST_WAIT = 30.0  # seconds: the clock may be set meanwhile
_ALERT = 1
_log = logging.getLogger("puerta.monitoring.schedule")

Result = Literal["success", "failure"]


def previous(expression: str, now: datetime) -> datetime:
    """The last moment that an expression named, ``now`` itself included."""
    return next(CronSim(expression, now.replace(microsecond=0) + moment.SECOND, reverse=True))


def upcoming(expression: str, now: datetime) -> datetime:
    """The next moment that an expression names, after ``now``."""
    return next(CronSim(expression, now))


class Scheduler:
    """Runs a command in a process of its own, which gives back all of its memory, and whose end disturbs nobody."""

    def __init__(
        self,
        expression: str,
        environment: Mapping[str, str],
        history: History,
        count: Callable[[Result], None],
        *,
        last: datetime | None,
        command: tuple[str, ...] = (sys.executable, "-m", "monitoring", "drift", "run", "--quiet", "--gently"),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """``last`` is when there was a success before; ``count`` is told the result of every run."""
        self._expression = expression
        self._environment = dict(environment)
        self._history = history
        self._count = count
        self._last = last
        self._command = command
        self._clock = clock
        self._stopping = threading.Event()
        self._process: subprocess.Popen[str] | None = None

    def run_until_stopped(self) -> None:
        """Run at once if a run was missed or there never was one, then at every moment of the expression."""
        while not self._stopping.is_set():
            now = self._clock()
            if self._last is None or self._last < previous(self._expression, now):
                self._last = now
                self._run(now)
                continue
            left = (upcoming(self._expression, now) - now).total_seconds()
            self._stopping.wait(min(left, _LONGEST_WAIT))

    def stop(self) -> None:
        """End at once, and the run that is under way with it. May be called from another thread."""
        self._stopping.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()

    def _run(self, started: datetime) -> None:
        try:
            process = self._process = subprocess.Popen(  # noqa: S603 - our own command
                self._command,
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
        self._tell(started, process.returncode, said.strip())

    def _tell(self, started: datetime, code: int, said: str) -> None:
        result: Result = "success" if code in {0, _ALERT} else "failure"
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
