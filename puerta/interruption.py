"""Being asked to stop: by Ctrl-C, by SIGTERM, or because the terminal is gone."""

import signal
import time
from collections.abc import Callable
from types import FrameType

_ECHO = 1.0  # seconds; make passes on a signal that the whole process group has had already


class Interruption:
    """Notes the signals that ask to stop: the first asks politely, one that comes later asks to hurry."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._first: float | None = None
        self.hurry = False

    def listen(self) -> None:
        """Take the signals from now on."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note)

    @property
    def asked(self) -> bool:
        """Whether to stop; ``hurry`` says whether without waiting for anything."""
        return self._first is not None

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature of a handler
        now = self._clock()
        if self._first is None:
            self._first = now
        elif now - self._first > _ECHO:
            self.hurry = True
