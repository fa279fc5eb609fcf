"""That a release was told to end: by a signal, whatever it is doing."""

from contextlib import suppress
from queue import Empty, SimpleQueue


class Interruption:
    """What a signal's handler sets and the thread that it interrupts waits for.

    An ``Event`` is not for that: while it begins or ends to wait its lock is held, and a handler that comes then would wait
    for the very thread that it runs in, for ever. A ``SimpleQueue`` may be put into at any moment.
    """

    def __init__(self) -> None:
        self._is_set = False
        self._told: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        """Tell it."""
        self._is_set = True
        self._told.put(None)

    def is_set(self) -> bool:
        """Whether it was told."""
        return self._is_set

    def wait(self, seconds: float) -> None:
        """Until it is told, but no longer than so many seconds."""
        if not self._is_set:
            with suppress(Empty):
                self._told.get(timeout=seconds)
