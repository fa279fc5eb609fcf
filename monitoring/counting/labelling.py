"""Labels joined to predictions in one run: to archived ones only in hours where a label came since the last time."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

from monitoring.counting.archived import Archived, ids_of, overlapping
from monitoring.counting.cache import Cache, Hours, kind_of
from monitoring.counting.cube import EVENT_COLUMNS
from monitoring.counting.index import File
from monitoring.counting.segments import Segment
from monitoring.counting.source import Progress
from monitoring.counting.store import Store
from monitoring.pace import Grain
from monitoring.quality.labelled import (
    JOINED_COLUMNS,
    LABEL_COLUMNS,
    LABELLED_COLUMNS,
    LAG_COLUMNS,
    join,
    labelled,
    lags,
)
from monitoring.watched import Watched

_LAGS: Final = "lags"
_LABELLED: Final = "labelled"
_COLUMNS: Final = {_LAGS: LAG_COLUMNS, _LABELLED: LABELLED_COLUMNS}
_HOUR: Final = len("2026-07-10T12")
_CHUNK_LABELS: Final = 1_000_000

Ids = tuple[str, str]  # the least and the largest


class Labelling:
    """What is archived of both logs, and the lines that are not.

    Labels that are in no archive yet, as they are still being written, touch hours too: these are joined in every run
    until they are archived, and not kept.
    """

    def __init__(
        self,
        store: Store,
        events: Archived,
        labels: Archived,
        lines: Sequence[Segment],
        label_lines: Sequence[Segment],
        cache: Cache,
        grain: Grain,
    ) -> None:
        """``lines`` and ``label_lines`` are the segments of both logs that are in no archive."""
        self._store = store
        self._events = events
        self._labels = labels
        self._lines = lines
        self._label_lines = label_lines
        self._cache = cache
        self._grain: Grain = grain

    def count(self, watched: Sequence[Watched], held: Hours, progress: Progress) -> tuple[Any, Any]:
        """Tables of ``LABELLED_COLUMNS`` and ``LAG_COLUMNS``, of whole days that are archived and of all lines."""
        self._forget()
        table = {what: self._store.empty(columns) for what, columns in _COLUMNS.items()}
        kinds: dict[str, Watched | None] = {kind_of(_LAGS): None} | {kind_of(_LABELLED, each): each for each in watched}
        rest = self._touched(held, [], self._label_lines)
        groups: defaultdict[tuple[tuple[str, tuple[str, ...]], ...], list[str]] = defaultdict(list)
        for kind in kinds:
            missing = self._cache.load(self._store, kind, table[_what(kind)], held, rest)
            groups[tuple(self._events.readable(missing).items())].append(kind)
        for missing_hours, of in groups.items():
            if missing_hours:
                progress(f"joining the labels of {len(missing_hours):,} hours")
                self._add(table, {kind: kinds[kind] for kind in of}, dict(missing_hours))
        if rest or self._lines:
            progress(f"joining labels to {len(rest):,} hours again, and to {len(self._lines):,} segments")
            for chunk in self._chunks(self._events.readable(rest)):
                self._insert(table, kinds, self.join(chunk, [], self._label_lines))
            if self._lines:
                self._insert(table, kinds, self.join([], self._lines, self._label_lines))
        return table[_LABELLED], table[_LAGS]

    def join(self, files: Sequence[File], lines: Sequence[Segment], label_lines: Sequence[Segment]) -> Any:
        """Predictions with their newest label, as an expression of ``JOINED_COLUMNS``."""
        return join(self._events.in_full(files, lines), self.of(files, lines, label_lines), grain=self._grain)

    def of(self, files: Sequence[File], lines: Sequence[Segment], label_lines: Sequence[Segment]) -> Any:
        """The labels that predictions may have: all but those in files that have none of their ids."""
        ids = _both(ids_of(files), self._ids(lines, EVENT_COLUMNS))
        return self._labels.in_full(overlapping(self._label_files(), ids), label_lines)

    def _add(self, table: dict[str, Any], kinds: dict[str, Watched | None], missing: Hours) -> None:
        """Join and keep hours that no label touches that is not archived."""
        fresh = {kind: self._store.empty(_COLUMNS[_what(kind)]) for kind in kinds}
        for chunk in self._chunks(missing):
            self._insert(fresh, kinds, self.join(chunk, [], []))
        for kind, counted in fresh.items():
            self._store.insert(table[_what(kind)], counted)
            self._cache.save(self._store, kind, counted, self._events.lasting(missing))

    def _insert(self, table: dict[str, Any], kinds: dict[str, Watched | None], joined: Any) -> None:
        """Add what is counted of joined predictions to the tables of kinds, by the kind or what it is of."""
        rows = self._store.empty(JOINED_COLUMNS)
        self._store.insert(rows, joined)
        for kind, each in kinds.items():
            self._store.insert(table.get(kind, table.get(_what(kind))), _counted(rows, each))
        self._store.sql(f"DROP TABLE {rows.get_name()}")

    def _chunks(self, hours: Hours) -> Iterator[list[File]]:
        """Predictions that are joined in one go: few enough that their labels fit in memory.

        But as many at least as there are labels to be read for them, which are all of them where ids are in no order.
        """
        label_files = self._label_files()
        for wide in self._events.chunks(hours):
            chunk: list[File] = []
            labels: dict[str, int] = {}
            for file in wide:
                chunk.append(file)
                labels |= {one.name: one.rows for one in overlapping(label_files, file.ids)}
                if sum(file.rows for file in chunk) >= sum(labels.values()) >= _CHUNK_LABELS:
                    yield chunk
                    chunk, labels = [], {}
            if chunk:
                yield chunk

    def _forget(self) -> None:
        """Forget hours that were joined before labels of them came."""
        kept = self._cache.hours(_COLUMNS)
        if not self._cache.labels <= set(self._labels.names):  # labels that were counted are there no more
            self._cache.forget(_COLUMNS, kept)
        elif new := [file for file in self._label_files() if file.name not in self._cache.labels]:
            hours = {hour: names for hour, names in self._events.all_hours().items() if hour in kept}
            self._cache.forget(_COLUMNS, self._touched(hours, new, []))

    def known(self) -> set[str]:
        """The files of the label archive that are in what was counted."""
        lasting = self._labels.lasting(self._labels.readable(self._labels.all_hours()))
        return {name for names in lasting.values() for name in names} | (self._cache.labels & set(self._labels.names))

    def _label_files(self) -> list[File]:
        return self._labels.files_of(self._labels.readable(self._labels.all_hours()))

    def _touched(self, hours: Hours, files: Sequence[File], lines: Sequence[Segment]) -> Hours:
        """The hours of which a prediction has one of these labels."""
        ids = _both(ids_of(files), self._ids(lines, LABEL_COLUMNS))
        events = self._events.readable(hours, lambda file: bool(overlapping([file], ids)))
        labels, found = self._labels.in_full(files, lines), set()
        for chunk in self._events.chunks(events):
            own = self._events.by_hour(chunk, {"ts": "string", "id": "string"})
            touched = own.filter(own.id.isin(labels.id)).select("ts").distinct()
            found |= {at[:_HOUR] for (at,) in self._store.fetch(touched)}
        return {hour: hours[hour] for hour in sorted(found)}

    def _ids(self, lines: Sequence[Segment], columns: dict[str, str]) -> Ids | None:
        if not lines:
            return None
        table = self._store.read(lines, columns)
        ((least, largest),) = self._store.fetch(table.aggregate(least=table.id.min(), largest=table.id.max()))
        return None if least is None else (least, largest)


def _both(one: Ids | None, other: Ids | None) -> Ids | None:
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), max(one[1], other[1])


def _what(kind: str) -> str:
    return kind.split("/", maxsplit=1)[0]


def _counted(joined: Any, watched: Watched | None) -> Any:
    return lags(joined) if watched is None else labelled(joined, watched)
