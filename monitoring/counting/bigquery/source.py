"""A log in BigQuery: it is counted there, and only counts come here."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import ibis

from model_files.manifest import Manifest
from monitoring.counting.bigquery.warehouse import Warehouse
from monitoring.counting.cube import CUBE_COLUMNS, cube
from monitoring.counting.log import KEPT, told
from monitoring.counting.source import Counted, DueRow, Progress
from monitoring.counting.store import Row, Store, naive
from monitoring.counting.unseen import UNSEEN_COLUMNS, most_frequent, unseen
from monitoring.pace import Grain
from monitoring.quality.due import DUE_COLUMNS, due
from monitoring.quality.labelled import LABELLED_COLUMNS, LAG_COLUMNS, join, labelled, lags
from monitoring.quality.training_data import labelled_rows
from monitoring.report import LogReport
from monitoring.settings import Settings
from monitoring.watched import Watched


class BigQuerySource:
    """A ``Source`` of the tables of a log sink."""

    def __init__(self, store: Store, warehouse: Warehouse, settings: Settings) -> None:
        """Look at the tables.

        Raises:
            SourceError: if one of them is not there, can't be seen, or is none of a sink's.
        """
        self._store = store
        self._warehouse = warehouse
        self._grain: Grain = settings.pace.grain
        self._events = warehouse.sink(settings.events_table)
        self._labels = self._events
        if settings.labels_table not in {"", settings.events_table}:
            self._labels = warehouse.sink(settings.labels_table)
        self._counted: tuple[datetime, datetime] | None = None
        self._unseen: dict[tuple[str, str, datetime, datetime], Any] = {}

    def look(self, watched: Sequence[Watched], since: datetime, until: datetime) -> LogReport:
        """As ``Source`` says. ``unreadable`` are lines that are neither events nor labels; there are no segments."""
        lines = self._events.lines(None, since, until)
        is_event = lines.ts.try_cast("timestamp").notnull() & lines.model.notnull() & lines.version.notnull()
        looked = lines.select(
            model=is_event.ifelse(lines.model + "/" + lines.version, ibis.null("string")),
            hour=is_event.ifelse(lines.ts.substr(0, KEPT[self._grain]), ibis.null("string")),
        )
        rows = self._warehouse.fetch(looked.group_by(["model", "hour"]).agg(rows=looked.count()))
        found = [(model, hour, count) for model, hour, count in rows]
        return told(found, watched, since, until, segments=0, grain=self._grain)

    def count(self, watched: Sequence[Watched], since: datetime, until: datetime, progress: Progress) -> Counted:
        """As ``Source`` says."""
        self._counted = since, until
        cubes, truths, waits = (self._store.empty(each) for each in (CUBE_COLUMNS, LABELLED_COLUMNS, LAG_COLUMNS))
        joined = join(self._events.events(None, since, until), self._labels.labels(since), grain=self._grain)
        for each in watched:
            progress(f"BigQuery counts {each.name}/{each.version} in {self._events.table}")
            self._bring(cubes, cube(self._events.events(each.manifest, since, until), each, grain=self._grain))
            self._bring(truths, labelled(joined, each))
        self._bring(waits, lags(joined))
        return Counted(cubes, truths, waits)

    def due(self, since: datetime | None, until: datetime, after: timedelta) -> Sequence[DueRow]:
        """As ``Source`` says."""
        events = self._events.events(None, since, until)
        rows = self._warehouse.fetch(due(events, self._labels.labels(since), since, until, after).select(*DUE_COLUMNS))
        return [(model, version, count, late) for model, version, count, late in rows]

    def unseen(
        self, watched: Watched, names: Iterable[str], since: datetime, until: datetime
    ) -> dict[str, dict[str, int]]:
        """As ``Source`` says; BigQuery is asked once for a model, as several windows ask."""
        asked = list(names)
        if not asked:
            return {}
        hours = self._counted or (since, until)
        key = watched.name, watched.version, *hours
        if key not in self._unseen:
            found = unseen(self._events.events(watched.manifest, *hours), watched, grain=self._grain)
            table = self._unseen[key] = self._store.empty(UNSEEN_COLUMNS)
            self._store.add(table, map(_whole, self._warehouse.fetch(found)))
        table = self._unseen[key]
        return most_frequent(self._store, table.filter(table.hour >= naive(since), table.hour < naive(until)), asked)

    def labelled_rows(self, manifest: Manifest, since: datetime | None, until: datetime | None) -> Any:
        """A model's labelled predictions as rows of its training data: a table of the store, as ``labelled_rows`` has it."""
        events, labels = self._events.events(manifest, since, until), self._labels.labels(since)
        selected = labelled_rows(events, labels, manifest, since, until)
        table = self._store.empty({name: str(kind) for name, kind in selected.schema().items()})
        self._bring(table, selected)
        return table

    def _bring(self, table: Any, expression: Any) -> None:
        self._store.add(table, self._warehouse.fetch(expression.select(*table.columns)))


def _whole(row: Row) -> Row:
    """A row of unseen values, a number without the fraction that its column's type gave it; text has quotes."""
    hour, feature, value, rows = row
    return hour, feature, value.removesuffix(".0"), rows
