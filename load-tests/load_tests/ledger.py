"""What became of each request of an open loop, in arrays at its number; worked out once all is over."""

import math
import time
from array import array
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from load_tests.histogram import Histogram, exact_ms
from load_tests.measurement import Second

# What became of a request, where it is no HTTP status.
OPEN, UNSENT, REFUSED, BROKEN, TIMEOUT = range(5)
LOWEST_STATUS = 100


class Ledger:
    """A line for each request: when it was due, how late the client was, what came of it and after how long.

    Everything is in seconds since ``start``, a moment of ``time.monotonic()``; latencies count from when a request was
    due.
    """

    def __init__(self, due: NDArray[np.float64]) -> None:
        count = len(due)
        self.start = 0.0
        self.due = array("d", due.tobytes())
        self.left = count
        self._lag = array("d", bytes(8 * count))
        self._latency = array("d", bytes(8 * count))
        self._fate = array("h", bytes(2 * count))

    def now(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.start

    def asked(self, number: int, now: float) -> None:
        """The client has come to request ``number``."""
        self._lag[number] = now - self.due[number]

    def note(self, number: int, fate: int) -> None:
        """Request ``number`` has ended just now: with an HTTP status, or in another way."""
        self._latency[number] = time.monotonic() - self.start - self.due[number]
        self._fate[number] = fate
        self.left -= 1

    def close(self) -> None:
        """What is still open was never sent; it took at least until now."""
        fate, latency, due = self._arrays()
        still = fate == OPEN
        latency[still] = self.now() - due[still]
        fate[still] = UNSENT
        self.left = 0

    def count(self, fate: int) -> int:
        """How many ended in this way."""
        return int((self._arrays()[0] == fate).sum())

    def statuses(self) -> dict[int, int]:
        """Answers by status."""
        return _statuses(self._arrays()[0])

    def length(self) -> float:
        """Seconds from the start to the last answer."""
        fate, latency, due = self._arrays()
        return float((due + latency)[fate >= LOWEST_STATUS].max(initial=0.0))

    def latency_ms(self) -> dict[str, float]:
        """Percentiles of the latency, of all requests whatever became of them."""
        return exact_ms(self._arrays()[1] * 1e6)

    def lag_ms(self) -> dict[str, float]:
        """Percentiles of how late the client was, of the requests that it has come to."""
        return exact_ms(np.frombuffer(self._lag) * 1e6)

    def histogram(self) -> Histogram:
        """The latencies of all requests, whatever became of them."""
        return Histogram.of(self._arrays()[1] * 1e6)

    def seconds(self, started: float) -> Iterator[Second]:
        """The run second by second, to the end of the last request; it began at ``started`` (seconds since 1970)."""
        fate, latency, due = self._arrays()
        ended = due + latency
        last = float(ended.max(initial=0.0))
        for number in range(math.ceil(last)):
            here = fate[np.floor(ended) == number]
            yield Second(
                at=started + number,
                seconds=min(1.0, last - number),
                statuses=_statuses(here),
                errors=int((here < LOWEST_STATUS).sum()),
                histogram=Histogram.of(latency[np.floor(due) == number] * 1e6),
            )

    def _arrays(self) -> tuple[NDArray[np.int16], NDArray[np.float64], NDArray[np.float64]]:
        """What came of them, their latencies and when they were due, each of shape (n,), without a copy."""
        return np.frombuffer(self._fate, np.int16), np.frombuffer(self._latency), np.frombuffer(self.due)


def _statuses(fate: NDArray[np.int16]) -> dict[int, int]:
    values, counts = np.unique(fate[fate >= LOWEST_STATUS], return_counts=True)
    return {int(value): int(count) for value, count in zip(values, counts, strict=True)}
