"""A log that a Spark cluster counts; only counts come here."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from monitoring.counting.cube import CUBE_COLUMNS, EVENT_COLUMNS, cube
from monitoring.counting.log import lines_of, told
from monitoring.counting.snapshot import Snapshot
from monitoring.counting.source import Counted, DueRow, Progress
from monitoring.counting.spark.store import SparkStore
from monitoring.counting.store import Store, naive
from monitoring.counting.unseen import UNSEEN_COLUMNS, most_frequent, unseen
from monitoring.pace import Grain
from monitoring.quality.due import DUE_COLUMNS, due
from monitoring.quality.labelled import (
    JOINED_COLUMNS,
    LABEL_COLUMNS,
    LABELLED_COLUMNS,
    LAG_COLUMNS,
    join,
    labelled,
    lags,
)
from monitoring.report import LogReport
from monitoring.watched import Watched


class SparkSource:
    """A ``Source`` of the service's segments and their archive, on a disk that every worker sees at the same path."""

    def __init__(self, store: Store, there: SparkStore, snapshot: Snapshot, grain: Grain = "h") -> None:
        """``there`` is where ``snapshot`` is counted, and is left open."""
        self._store = store
        self._there = there
        self._snapshot = snapshot
        self._grain: Grain = grain

    def look(self, watched: Sequence[Watched], since: datetime, until: datetime) -> LogReport:
        """As ``Source`` says."""
        segments = self._snapshot.events.segments(since.timestamp())
        lines = lines_of(self._there, segments, self._grain)
        return told(lines, watched, since, until, segments=len(segments), grain=self._grain)

    def count(self, watched: Sequence[Watched], since: datetime, until: datetime, progress: Progress) -> Counted:  # noqa: ARG002
        """As ``Source`` says."""
        events, labels = self._events(since), self._labels()
        cubes, truths, waits = (self._store.empty(each) for each in (CUBE_COLUMNS, LABELLED_COLUMNS, LAG_COLUMNS))
        joined = self._there.empty(JOINED_COLUMNS)
        self._there.insert(joined, join(events, labels, grain=self._grain))
        for each in watched:
            progress(f"Spark counts {each.name}/{each.version}")
            self._bring(cubes, cube(events, each, grain=self._grain))
            self._bring(truths, labelled(joined, each))
        self._bring(waits, lags(joined))
        return Counted(cubes, truths, waits)

    def due(self, since: datetime | None, until: datetime, after: timedelta) -> Sequence[DueRow]:
        """As ``Source`` says."""
        found = due(self._events(since), self._labels(), since, until, after).select(*DUE_COLUMNS)
        return [(model, version, count, late) for model, version, count, late in self._there.fetch(found)]

    def unseen(
        self, watched: Watched, names: Iterable[str], since: datetime, until: datetime
    ) -> dict[str, dict[str, int]]:
        """As ``Source`` says."""
        asked = list(names)
        if not asked:
            return {}
        events = self._events(since)
        at = events.ts.try_cast("timestamp")
        table = self._store.empty(UNSEEN_COLUMNS)
        self._bring(table, unseen(events.filter(at >= naive(since), at < naive(until)), watched))
        return most_frequent(self._store, table, asked)

    def _events(self, since: datetime | None) -> Any:
        return self._there.read(self._snapshot.events.segments(since.timestamp() if since else 0.0), EVENT_COLUMNS)

    def _labels(self) -> Any:
        return self._there.read(self._snapshot.labels.segments(), LABEL_COLUMNS)

    def _bring(self, table: Any, expression: Any) -> None:
        self._store.add(table, self._there.fetch(expression.select(*table.columns)))
