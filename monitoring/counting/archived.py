"""The archived part of a log in one run: what is kept of its counts, and what has to be read."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from monitoring.counting import hours as hourly
from monitoring.counting.cache import Hours
from monitoring.counting.hours import HOUR_FORMAT
from monitoring.counting.index import File, Listing
from monitoring.counting.segments import Segment
from monitoring.counting.store import Store

_CHUNK_ROWS: Final = (
    20_000_000  # that are read in one go, so that memory is bounded and a run that is killed loses little
)


class Archived:
    """The hours of a listing. Of some the rows are gone, or a file is damaged: what is kept of their counts is believed."""

    def __init__(self, store: Store, listing: Listing, columns: Mapping[str, str], damaged: Iterable[str] = ()) -> None:
        """``columns`` are those of the log."""
        self._store = store
        self._listing = listing
        self._columns = columns
        self._damaged = frozenset(damaged)
        self._torn = frozenset(map(_part, self._damaged))
        self._files = {file.name: file for files in listing.hours.values() for file in files}

    @property
    def names(self) -> Collection[str]:
        """Every file's."""
        return self._files.keys()

    def files_of(self, hours: Hours) -> list[File]:
        """The files of some hours."""
        return [self._files[name] for _, names in sorted(hours.items()) for name in names]

    def all_hours(self) -> Hours:
        """Every hour."""
        return self._between("", "~")

    def days(self, since: datetime, until: datetime) -> Hours:
        """The hours of the whole days that touch a time: counts are kept by day."""
        first = since.astimezone(UTC).strftime("%Y-%m-%d")
        return self._between(first, (until.astimezone(UTC) + timedelta(days=1)).strftime("%Y-%m-%d"))

    def hours(self, since: datetime | None, until: datetime) -> Hours:
        """The hours from a whole one on, or from the first, to before another."""
        first = since.astimezone(UTC).strftime(HOUR_FORMAT) if since else ""
        return self._between(first, until.astimezone(UTC).strftime(HOUR_FORMAT))

    def readable(self, hours: Hours, is_wanted: Callable[[File], bool] = lambda _: True) -> Hours:
        """The files that are wanted, and have rows that can be read."""
        found = {}
        for hour, names in hours.items():
            kept = tuple(name for name in names if name not in self._damaged and is_wanted(self._files[name]))
            if kept and hour >= self._listing.dropped:
                found[hour] = kept
        return found

    def lasting(self, hours: Hours) -> Hours:
        """The hours of which what is counted now may be kept.

        Not where a file of the same batch is damaged: made again, the batch may part an hour's rows among its files otherwise.
        """
        return {hour: names for hour, names in hours.items() if self._torn.isdisjoint(map(_part, names))}

    def chunks(self, hours: Hours) -> Iterator[list[File]]:
        """Files that are read in one go."""
        chunk: list[File] = []
        rows = 0
        for file in self.files_of(hours):
            chunk.append(file)
            rows += file.rows
            if rows >= _CHUNK_ROWS:
                yield chunk
                chunk, rows = [], 0
        if chunk:
            yield chunk

    def by_hour(self, files: Iterable[File], columns: Mapping[str, str]) -> Any:
        """Some columns of files, with the hour for ``ts``."""
        return hourly.read(self._store, self.segments(files), columns)

    def in_full(self, files: Iterable[File], lines: Iterable[Segment] = ()) -> Any:
        """All of files, and of segments beside them."""
        return self._store.read([*self.segments(files), *lines], self._columns)

    def segments(self, files: Iterable[File]) -> list[Segment]:
        """Files as what is read."""
        return [self._listing.segment(file) for file in files]

    def unreadable(self, hours: Hours) -> list[str]:
        """The files of some hours that are as long as they were written and can't be read all the same, by path."""
        with Store() as store:  # one that has nothing else to hold
            segments = self.segments(self.files_of(self.readable(hours)))
            return [str(one.path) for one in hourly.damaged(store, segments, self._columns)]

    def _between(self, first: str, last: str) -> Hours:
        found = {}
        for hour, files in self._listing.hours.items():
            if first <= hour < last:
                found[hour] = tuple(file.name for file in files)
        return found


def _part(name: str) -> str:
    """What files of one hour and batch have in common."""
    return name.rpartition("-")[0]


def overlapping(files: Iterable[File], ids: tuple[str, str] | None) -> list[File]:
    """The files that may have one of the ids between two; None: no id at all."""
    if ids is None:
        return []
    return [file for file in files if file.ids and file.ids[0] <= ids[1] and ids[0] <= file.ids[1]]


def ids_of(files: Iterable[File]) -> tuple[str, str] | None:
    """The least and the largest id of files."""
    found = [file.ids for file in files if file.ids]
    return (min(least for least, _ in found), max(largest for _, largest in found)) if found else None
