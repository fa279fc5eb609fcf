"""A log on this machine, counted by DuckDB: what the archive holds once, and what is still being written in every run."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

import duckdb

from monitoring.counting.archived import Archived
from monitoring.counting.cache import Cache, Hours, kind_of
from monitoring.counting.coding import UNSEEN
from monitoring.counting.cube import CUBE_COLUMNS, EVENT_COLUMNS, cube
from monitoring.counting.hours import HOUR_FORMAT
from monitoring.counting.index import Listing
from monitoring.counting.labelling import Labelling
from monitoring.counting.log import lines_of, told
from monitoring.counting.segments import Segment
from monitoring.counting.snapshot import Snapshot, archives
from monitoring.counting.source import Counted, DueRow, Progress, SourceError
from monitoring.counting.store import Store, naive
from monitoring.counting.unseen import UNSEEN_COLUMNS, most_frequent, unseen
from monitoring.pace import Grain
from monitoring.quality.due import due
from monitoring.quality.labelled import LABEL_COLUMNS
from monitoring.report import LogReport
from monitoring.settings import Settings
from monitoring.watched import Watched

CACHE_FOLDER: Final = "counts"
_log = logging.getLogger("puerta.monitoring.log")


class LogSource:
    """A ``Source`` of the service's segments, their archive, and the counts that are kept beside it.

    Of short days nothing is archived or kept: a demonstration is over before that would pay.
    """

    def __init__(
        self, store: Store, snapshot: Snapshot, cache: Cache, *, grain: Grain = "h", damaged: Sequence[str] = ()
    ) -> None:
        """``damaged`` are segments and files of the archive that can't be read, by name."""
        self._store = store
        self._snapshot = snapshot
        self._cache = cache
        self._grain: Grain = grain
        self._damaged = tuple(damaged)
        self._events = Archived(store, snapshot.events, EVENT_COLUMNS, damaged)
        self._labels = Archived(store, snapshot.labels, LABEL_COLUMNS, damaged)
        self._counted: _Span | None = None
        self._unseen: dict[str, Any] = {}

    @classmethod
    def of(cls, store: Store, settings: Settings, copies: Path, progress: Progress) -> Self:
        """The logs as they are now, archived as far as they can be.

        Args:
            store: Of the run.
            settings: Where the logs and the archive are.
            copies: A folder of the run's own.
            progress: Told what is being done, and what can't be.

        Raises:
            ArchiveError, OSError: if they can't be listed.
        """
        damaged: list[str] = []
        events, labels = archives(settings.archive_dir)
        if settings.pace.grain == "h":
            for archive, log in ((events, settings.events_dir), (labels, settings.labels_dir)):
                try:
                    damaged += archive.compact(store, log, progress).damaged
                except (OSError, duckdb.Error) as error:
                    progress(f"the archive is as it was: {error}")
                    _log.error("segments of %s not archived: %s", log, error)
        for name in damaged:
            progress(f"{name} can't be read, and is left out")
            _log.error("damaged, and left out: %s", name)
        snapshot = Snapshot(settings.events_dir, settings.labels_dir, events, labels, copies)
        cache = Cache(settings.archive_dir / CACHE_FOLDER, progress)
        return cls(store, snapshot, cache, grain=settings.pace.grain, damaged=damaged)

    def look(self, watched: Sequence[Watched], since: datetime, until: datetime) -> LogReport:
        """As ``Source`` says: of archived hours from the archive's index, without reading them."""
        lines = self._lines(since)
        rows = lines_of(self._store, lines, self._grain) if lines else []
        files = self._events.files_of({} if self._grain == "s" else self._events.hours(since, until))
        for file in files:
            rows += [(kind, file.hour, count) for kind, count in file.kinds.items()]
            rows.append((None, file.hour, file.unreadable))
        segments = len(lines) + len(files)
        return told(rows, watched, since, until, segments=segments, damaged=self._damaged, grain=self._grain)

    def count(self, watched: Sequence[Watched], since: datetime, until: datetime, progress: Progress) -> Counted:
        """As ``Source`` says."""
        with self._named(since, until):
            return self._count(watched, since, until, progress)

    def _count(self, watched: Sequence[Watched], since: datetime, until: datetime, progress: Progress) -> Counted:
        lines, held = self._lines(since), {} if self._grain == "s" else self._events.days(since, until)
        table = self._store.empty(CUBE_COLUMNS)
        for each in watched:
            self._count_held(each, held, table, progress)
            if lines:
                progress(f"counting {each.name}/{each.version} in {len(lines):,} segments")
                self._store.insert(table, cube(self._store.read(lines, EVENT_COLUMNS), each, grain=self._grain))
        labelling = self._labelling(lines)
        labelled, lags = labelling.count(watched, held, progress)
        self._cache.commit(labelling.known())
        self._counted, self._unseen = _Span(table, held, tuple(lines)), {}
        return Counted(table, labelled, lags)

    def due(self, since: datetime | None, until: datetime, after: timedelta) -> Sequence[DueRow]:
        """As ``Source`` says."""
        with self._named(since, until):
            return self._due(since, until, after)

    def _due(self, since: datetime | None, until: datetime, after: timedelta) -> Sequence[DueRow]:
        lines = self._lines(since)
        hours = {} if self._grain == "s" else self._events.readable(self._events.hours(since, until))
        files = self._events.files_of(hours)
        labels = self._labelling(lines).of(files, lines, self._label_lines())
        rows = self._store.fetch(due(self._events.in_full(files, lines), labels, since, until, after))
        return [(model, version, count, late) for model, version, count, late in rows]

    def unseen(
        self, watched: Watched, names: Iterable[str], since: datetime, until: datetime
    ) -> dict[str, dict[str, int]]:
        """As ``Source`` says; to be asked after ``count``, which tells where there are any."""
        wanted = list(names)
        if not wanted or self._counted is None:
            return {}
        kind = kind_of("unseen", watched)
        if kind not in self._unseen:
            self._unseen[kind] = self._count_unseen(self._counted, kind, watched)
        table = self._unseen[kind]
        own = table.filter(table.hour >= naive(since), table.hour < naive(until))
        return most_frequent(self._store, own, wanted)

    @contextmanager
    def _named(self, since: datetime | None, until: datetime) -> Iterator[None]:
        """DuckDB does not name a file whose bytes have changed, so each is tried where it fails.

        Raises:
            SourceError: naming them.
            duckdb.Error: where it is not that.
        """
        try:
            yield
        except duckdb.Error as error:
            found = self._events.unreadable(self._events.hours(since, until))
            found += self._labels.unreadable(self._labels.all_hours())
            if not found:
                raise
            raise SourceError(
                f"{', '.join(found)}: can't be read ({error}); delete it, and it is made again from the log where"
                " that is there still, or told as damaged"
            ) from error

    def _count_held(self, watched: Watched, held: Hours, table: Any, progress: Progress) -> None:
        """Add the counts of archived hours to a table: those that are kept, and what has to be counted now."""
        kind, label = kind_of("cube", watched), f"{watched.name}/{watched.version}"
        missing = self._events.readable(self._cache.load(self._store, kind, table, held))
        if not missing:
            return
        progress(f"counting {label} in {len(missing):,} of {len(held):,} hours")
        fresh = self._store.empty(CUBE_COLUMNS)
        for chunk in self._events.chunks(self._events.readable(missing, lambda file: label in file.kinds)):
            self._store.insert(fresh, cube(self._events.by_hour(chunk, EVENT_COLUMNS), watched))
        self._store.insert(table, fresh)
        self._cache.save(self._store, kind, fresh, self._events.lasting(missing))

    def _count_unseen(self, counted: "_Span", kind: str, watched: Watched) -> Any:
        """The unseen values of what was counted: only hours that have any are read, and they once."""
        own = counted.cube.filter(counted.cube.model == watched.name, counted.cube.version == watched.version)
        strange = own.filter(("," + own.cell + ",").contains(f",{UNSEEN},")).select("hour").distinct()
        hours = {hour.strftime(HOUR_FORMAT) for (hour,) in self._store.fetch(strange)}
        table, fresh = self._store.empty(UNSEEN_COLUMNS), self._store.empty(UNSEEN_COLUMNS)
        missing = self._cache.load(self._store, kind, table, counted.held, counted.held.keys() - hours)
        missing = self._events.readable(missing)
        for chunk in self._events.chunks(missing):
            self._store.insert(fresh, unseen(self._events.by_hour(chunk, EVENT_COLUMNS), watched))
        if missing:
            self._store.insert(table, fresh)
            self._cache.save(self._store, kind, fresh, self._events.lasting(missing))
            self._cache.commit(self._cache.labels)
        if counted.lines:
            events = self._store.read(counted.lines, EVENT_COLUMNS)
            self._store.insert(table, unseen(events, watched, grain=self._grain))
        return table

    def _labelling(self, lines: Sequence[Segment]) -> Labelling:
        return Labelling(self._store, self._events, self._labels, lines, self._label_lines(), self._cache, self._grain)

    def _lines(self, since: datetime | None) -> list[Segment]:
        """What is in no archive, or of short days everything, and may have events of a moment or later."""
        return self._readable(self._snapshot.events, since.timestamp() if since else 0.0)

    def _label_lines(self) -> list[Segment]:
        return self._readable(self._snapshot.labels, 0.0)

    def _readable(self, listing: Listing, since: float) -> list[Segment]:
        segments = listing.segments(since) if self._grain == "s" else listing.lines
        return [one for one in segments if one.modified >= since and one.path.name not in self._damaged]


@dataclass(frozen=True)
class _Span:
    """What ``count`` was asked last: its cube, the archived hours of it, and the segments beside them."""

    cube: Any
    held: Hours
    lines: tuple[Segment, ...]
