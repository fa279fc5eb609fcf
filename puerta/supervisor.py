"""Starts the parts, keeps them running and stops them, without dropping a request."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from puerta import logs
from puerta.child import Child
from puerta.interruption import Interruption

_TICK = 0.1  # seconds
_STILL_WAITING = 5.0
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_STEADY = 60.0  # a part that ran this long starts again without a growing pause
_TRIM_EVERY = 10.0
_LOG_BYTES = 64 * 1024 * 1024

Say = Callable[[str], None]


class StartError(RuntimeError):
    """A part that did not come up; the message ends with the last lines of its log."""


@dataclass
class _Watch:
    """What is remembered of a child while it is watched."""

    child: Child
    pause: float = _FIRST_PAUSE
    started: float = 0.0
    start_at: float | None = None
    coming: bool = False


class Supervisor:
    """Runs children until it is interrupted."""

    def __init__(self, children: Iterable[Child], logs_folder: Path, interruption: Interruption, say: Say) -> None:
        self._children = list(children)
        self._logs_folder = logs_folder
        self._interruption = interruption
        self._say = say

    def run(self, *, start_seconds: float, stop_seconds: float, announce: Callable[[], None]) -> bool:
        """Start everything, ``announce`` that it is ready, watch over it, and stop it whatever happens.

        Returns:
            Whether everything came to its own end in time.

        Raises:
            StartError: if a part can't be started, ends, or is not ready within ``start_seconds``.
        """
        finished = False
        try:
            for child in self._children:
                _start(child)
            if self._wait_until_ready(start_seconds):
                announce()
                self._watch()
        finally:
            finished = self._stop(stop_seconds)
        return finished

    def _wait_until_ready(self, seconds: float) -> bool:
        began = told = time.monotonic()
        waiting = list(self._children)
        while waiting and not self._interruption.asked:
            for child in list(waiting):
                if how := child.ended():
                    raise StartError(_with_tail(f"{child.part.name} {how} before it was ready", child))
                if child.ready():
                    waiting.remove(child)
                    self._say(f"  {child.part.name:14} ready after {time.monotonic() - began:.1f} s")
            now = time.monotonic()
            if waiting and now - began > seconds:
                late = waiting[0]
                how = f"{late.part.ready} {late.answer}"
                raise StartError(_with_tail(f"{late.part.name} is not ready after {seconds:g} s: {how}", late))
            if waiting and now - told > _STILL_WAITING:
                told = now
                self._say(f"  still waiting for {', '.join(child.part.name for child in waiting)}")
            time.sleep(_TICK if waiting else 0)
        return not self._interruption.asked

    def _watch(self) -> None:
        watches = [_Watch(child, started=time.monotonic()) for child in self._children]
        trim_at = 0.0
        while not self._interruption.asked:
            now = time.monotonic()
            for watch in watches:
                self._tend(watch, now)
            if now >= trim_at:
                logs.trim(self._logs_folder, _LOG_BYTES)
                trim_at = now + _TRIM_EVERY
            time.sleep(_TICK)

    def _tend(self, watch: _Watch, now: float) -> None:
        """Start a child again that has ended, after a pause that grows while it keeps ending."""
        child = watch.child
        if watch.start_at is not None:
            if now >= watch.start_at:
                self._start_again(watch, now)
        elif how := child.ended():
            self._schedule(watch, now, how)
        elif watch.coming and child.ready():
            watch.coming = False
            self._say(f"{child.part.name} is ready again")

    def _start_again(self, watch: _Watch, now: float) -> None:
        watch.start_at = None
        try:
            watch.child.start()
        except (OSError, ValueError, RuntimeError) as error:  # the program, the policy or the key store is broken now
            self._schedule(watch, now, f"can't be started: {error}")
        else:
            watch.started, watch.coming = now, True

    def _schedule(self, watch: _Watch, now: float, how: str) -> None:
        if now - watch.started > _STEADY:
            watch.pause = _FIRST_PAUSE
        watch.start_at = now + watch.pause
        self._say(f"{watch.child.part.name} {how}; it is started again in {watch.pause:g} s (see {watch.child.log})")
        watch.pause = min(2 * watch.pause, _LONGEST_PAUSE)

    def _stop(self, seconds: float) -> bool:
        """What drains goes first, then everything else at once; what is left after ``seconds`` is killed."""
        until = time.monotonic() + seconds
        finished = True
        for child in reversed(self._children):
            if child.part.drain is not None and child.running():
                self._say(f"  {child.part.name:14} finishes what is under way")
                left = max(0.0, until - time.monotonic())
                finished &= child.part.drain(left, lambda: self._interruption.hurry)
                child.terminate()
                finished &= self._wait_until_gone([child], until)
        for child in self._children:
            child.terminate()
        return self._wait_until_gone(self._children, until) and finished

    def _wait_until_gone(self, children: list[Child], until: float) -> bool:
        while any(child.running() for child in children):
            if self._interruption.hurry or time.monotonic() > until:
                break
            time.sleep(_TICK / 2)
        late = [child for child in children if child.running()]
        for child in late:
            self._say(f"  {child.part.name:14} did not end in time and is killed")
            child.kill()
        return not late


def _start(child: Child) -> None:
    try:
        child.start()
    except OSError as error:  # of a full disk it says no more than that
        raise StartError(f"{child.part.name} can't be started: {error}") from error


def _with_tail(message: str, child: Child) -> str:
    return f"{message}; the end of {child.log}:\n\n{child.tail()}"
