"""Where a run's counts come from, whatever does the counting: a log on this machine, a warehouse, a cluster."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from monitoring.report import LogReport
from monitoring.watched import Watched

Progress = Callable[[str], None]
DueRow = tuple[str, str, int, int]  # model, version, predictions whose label was due, those of them without one in time


class SourceError(RuntimeError):
    """A log that can't be counted where it is; the message says which, and why."""


@dataclass(frozen=True)
class Counted:
    """Tables of ``CUBE_COLUMNS``, ``LABELLED_COLUMNS`` and ``LAG_COLUMNS`` in the store of a run, hour by hour.

    An hour may be there in several parts, which add up.
    """

    cube: Any
    labelled: Any
    lags: Any


class Source(Protocol):
    """What a run asks for. Times are whole hours of UTC (of short days, whole seconds); ``until`` is not included.

    A source is made with the store of its run, an embedded DuckDB, and puts there what it counted: few rows, however
    many events there are. One run, one source: what it tells is of one moment, whatever is logged meanwhile.
    """

    def look(self, watched: Sequence[Watched], since: datetime, until: datetime) -> LogReport:
        """What is in the log of these hours besides the watched models' events."""

    def count(self, watched: Sequence[Watched], since: datetime, until: datetime, progress: Progress) -> Counted:
        """The events of these hours, and those of them that have their label by now."""

    def due(self, since: datetime | None, until: datetime, after: timedelta) -> Sequence[DueRow]:
        """By model and version: the predictions of these hours, and those not labelled ``after`` they were made.

        ``since`` is None for all that there are.
        """

    def unseen(
        self, watched: Watched, names: Iterable[str], since: datetime, until: datetime
    ) -> dict[str, dict[str, int]]:
        """The most frequent unseen values of some features in these hours, with their rows, as ``unseen_values`` has it."""
