"""The prediction log: one JSON line for every instance answered, written before the answer leaves.

A prediction that was answered is in the log even if the process is killed right after; a full disk never stops
predictions, is counted, and alerts.
"""

import logging
import os
import threading
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, Protocol

import msgspec

from model_files.manifest import Label
from service.metrics import Metrics

_COMPLAIN_EVERY = 10.0  # seconds: a full disk would otherwise fill the log that says so
_log = logging.getLogger("puerta.event_log")


class Sink(Protocol):
    """Where whole lines go; ``append`` raises OSError where they could not."""

    def append(self, lines: bytes) -> None: ...  # noqa: D102 - as the class says


class StandardOutput:
    """The sink of containers: Cloud Logging takes each line as one structured entry."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # a pipe takes a part at a time

    def append(self, lines: bytes) -> None:
        """Write whole lines to descriptor 1."""
        with self._lock:
            while lines:
                lines = lines[os.write(1, lines) :]


class Event(msgspec.Struct, frozen=True, gc=False):
    """One line of the log. ``ts`` is RFC 3339 in UTC; ``features`` is the instance as it was understood."""

    schema: Literal[1]
    ts: str
    id: str
    request_id: str
    client: str | None
    model: str
    version: str
    features: msgspec.Struct
    label: Label | float
    probability: float | None


class EventLog:
    """Writes events to a sink and keeps count of what it could and could not write."""

    def __init__(self, sink: Sink, metrics: Metrics) -> None:
        self._append = sink.append
        self._encode_lines = msgspec.json.Encoder().encode_lines
        self._written = metrics.log_written.inc
        self._failed = metrics.log_failed.inc
        self._complained = float("-inf")

    def write(self, events: Sequence[Event]) -> None:
        """Write events in one go. Never raises."""
        try:
            self._append(self._encode_lines(events))
        except OSError as error:
            self._failed(len(events))
            now = time.monotonic()
            if now - self._complained >= _COMPLAIN_EVERY:
                self._complained = now
                _log.error("prediction log not written", extra={"events": len(events), "reason": str(error)})
        else:
            self._written(len(events))


def timestamp(nanoseconds: int) -> str:
    """Nanoseconds since the epoch as RFC 3339 with milliseconds."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{_second(seconds)}.{rest // 1_000_000:03d}Z"


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
