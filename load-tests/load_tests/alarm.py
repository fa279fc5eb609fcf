"""A timer that is right to some ten microseconds, for an asyncio loop: Linux's timerfd.

asyncio's own timers, uvloop's and wrk2's come in whole milliseconds: at 2,000 requests a second each would send two at once,
half a millisecond late on average, which is as long as an answer takes.
"""

import asyncio
import ctypes
import os
from collections.abc import Callable

_CLOCK_MONOTONIC = 1
_ABSOLUTE = 1  # TFD_TIMER_ABSTIME


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class Alarm:
    """Calls ``ring`` at a moment of ``time.monotonic()``; one moment at a time, the next one set from within or later.

    Raises:
        OSError: where there is no timerfd: it is Linux's.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        library = ctypes.CDLL(None, use_errno=True)
        if not hasattr(library, "timerfd_create"):
            raise OSError("this system has no timerfd, expected Linux")
        self._set = library.timerfd_settime
        self._loop = loop
        self._time = _Itimerspec()
        self._pointer = ctypes.byref(self._time)
        self._file = library.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._file < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        loop.add_reader(self._file, ring)

    def at(self, moment: float) -> None:
        """Ring at ``moment``, at once when it has passed. Setting it also silences the last ring."""
        nanoseconds = max(1, int(moment * 1e9))  # 0 would switch it off
        value = self._time.value
        value.seconds, value.nanoseconds = divmod(nanoseconds, 1_000_000_000)
        self._set(self._file, _ABSOLUTE, self._pointer, None)

    def silence(self) -> None:
        """Ring no more until the next moment is set."""
        self._time.value.seconds = self._time.value.nanoseconds = 0
        self._set(self._file, _ABSOLUTE, self._pointer, None)

    def close(self) -> None:
        """Ring no more."""
        self._loop.remove_reader(self._file)
        os.close(self._file)
