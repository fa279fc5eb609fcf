"""Counts of hours of the archive, kept as Parquet beside it, so that only what is new or changed is read again.

A file for each day and kind of count. The index says which files of the archive each hour was counted from; counts add up,
so an hour that got another file has only that one counted. What the index does not know, or finds damaged, is as if it were
not there: it is counted again.
"""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import duckdb
import msgspec

from monitoring.counting.store import Store, quoted
from monitoring.files import write_bytes
from monitoring.watched import Watched

FORM: Final = 1  # to be raised when an expression counts otherwise than it did
_INDEX: Final = "counts.json"
_DAY: Final = len("2026-07-10")
_log = logging.getLogger("puerta.monitoring.cache")

Hours = Mapping[str, tuple[str, ...]]  # an hour such as 2026-07-10T12, and the names of the archive's files in it


class _Day(msgspec.Struct, frozen=True):
    """The counts of one day: a file, its digest, and what each hour was counted from."""

    name: str
    sha256: str
    hours: dict[str, tuple[str, ...]]


class _Index(msgspec.Struct, frozen=True):
    kinds: dict[str, dict[str, _Day]] = {}
    labels: tuple[str, ...] = ()  # the files of the label archive that the kinds that depend on them know


def kind_of(what: str, watched: Watched | None = None) -> str:
    """The name of a kind of counts, of one model (another package, another name) or of all."""
    if watched is None:
        return f"{what}/{FORM}"
    content = msgspec.json.encode((FORM, watched.manifest, watched.reference))
    return f"{what}/{watched.name}/{watched.version}/{hashlib.sha256(content).hexdigest()[:16]}"


class Cache:
    """The counts that are kept in one folder."""

    def __init__(self, folder: Path, progress: Callable[[str], None] = lambda _: None) -> None:
        """``progress`` is told what can't be used."""
        self._folder = folder
        self._progress = progress
        index = self._read()
        self._kinds = {kind: dict(days) for kind, days in index.kinds.items()}
        self.labels = frozenset(index.labels)
        self._written = index

    def load(self, store: Store, kind: str, table: Any, held: Hours, without: Iterable[str] = ()) -> Hours:
        """Add what is kept of some whole days to a table, and return what is not: the hours and files to be counted.

        Args:
            store: Where the table is.
            kind: Of counts.
            table: With the columns of the kind, ``hour`` among them.
            held: The archive's hours; an hour that was counted from a file that is not in it any more does not count.
            without: Hours that are neither added nor returned.
        """
        left_out, missing = set(without), {}
        for day, hours in _by_day(held).items():
            kept = self._kept(kind, day, hours)
            wanted = {hour: names for hour, names in hours.items() if hour not in left_out}
            valid = [hour for hour in wanted if hour in kept]
            if valid and not self._add(store, kind, day, table, valid):
                kept = {}
            for hour, names in wanted.items():
                if rest := tuple(name for name in names if name not in kept.get(hour, ())):
                    missing[hour] = rest
        return missing

    def save(self, store: Store, kind: str, fresh: Any, counted: Hours) -> None:
        """Keep what was counted of some hours beside what is kept of their days; that it can't be is said, and no more.

        Args:
            store: Where the table is.
            kind: Of counts.
            fresh: A table of what was counted, and of nothing else.
            counted: The hours, and the files of them that were counted.
        """
        try:
            self._save(store, kind, fresh, counted)
        except (OSError, duckdb.Error) as error:
            self._say(f"counts are not kept: {error}")

    def _save(self, store: Store, kind: str, fresh: Any, counted: Hours) -> None:
        days = self._kinds.setdefault(kind, {})
        for day, hours in _by_day(counted).items():
            before = days.get(day)
            known = before.hours if before else {}
            parts = [f"SELECT * FROM {fresh.get_name()} WHERE {_in_day(day)}"]  # noqa: S608 - names of ours
            if before and known:
                old = quoted(str(self._folder / kind / before.name))
                parts.append(f"SELECT * FROM read_parquet({old}) WHERE {_in_hours(known)}")  # noqa: S608
            days[day] = self._write_day(
                store,
                kind,
                day,
                " UNION ALL BY NAME ".join(parts),
                known | {hour: (*known.get(hour, ()), *names) for hour, names in hours.items()},
            )

    def forget(self, what: Iterable[str], hours: Iterable[str]) -> None:
        """Forget hours of the kinds of counts whose name begins so."""
        gone, beginnings = set(hours), tuple(what)
        for kind, days in self._kinds.items():
            if kind.startswith(beginnings):
                for day, one in days.items():
                    known = {hour: names for hour, names in one.hours.items() if hour not in gone}
                    days[day] = msgspec.structs.replace(one, hours=known)

    def hours(self, what: Iterable[str]) -> set[str]:
        """The hours that are kept of any of the kinds whose name begins so."""
        beginnings = tuple(what)
        days = (one for kind, found in self._kinds.items() if kind.startswith(beginnings) for one in found.values())
        return {hour for one in days for hour in one.hours}

    def commit(self, labels: Iterable[str]) -> None:
        """Make what was saved and forgotten last, in one step; if it can't be, what was kept before is there still.

        ``labels`` are the files of the label archive that it is of.
        """
        self.labels = frozenset(labels)
        index = _Index(self._newest(), tuple(sorted(self.labels)))
        if index == self._written:
            return
        try:
            write_bytes(self._folder / _INDEX, msgspec.json.encode(index))
            self._written = index
            self._sweep()
        except OSError as error:
            self._say(f"counts are not kept: {error}")

    def drop(self, before: str) -> int:
        """Delete the counts of days before one, such as 2026-07-10, and say how many files they were."""
        gone = 0
        for days in self._kinds.values():
            for day in [day for day in days if day < before]:
                del days[day]
                gone += 1
        if gone:
            self.commit(self.labels)
        return gone

    def _kept(self, kind: str, day: str, held: Hours) -> dict[str, tuple[str, ...]]:
        """What is kept of a day and still in the archive; all else of it is forgotten."""
        one = self._kinds.get(kind, {}).get(day)
        if one is None:
            return {}
        path = self._folder / kind / one.name
        try:
            with path.open("rb") as file:
                sound = hashlib.file_digest(file, "sha256").hexdigest() == one.sha256
        except OSError:
            sound = False
        if not sound:
            self._say(f"{path} is damaged or gone: {day} is counted again")
            del self._kinds[kind][day]
            return {}
        known = {hour: names for hour, names in one.hours.items() if set(names) <= set(held.get(hour, ()))}
        self._kinds[kind][day] = msgspec.structs.replace(one, hours=known)
        return known

    def _add(self, store: Store, kind: str, day: str, table: Any, hours: Iterable[str]) -> bool:
        path = self._folder / kind / self._kinds[kind][day].name
        try:
            store.sql(
                f"INSERT INTO {table.get_name()} BY NAME "  # noqa: S608 - names and paths of ours
                f"SELECT * FROM read_parquet({quoted(str(path))}) WHERE {_in_hours(hours)}"
            )
        except duckdb.Error:
            self._say(f"{path} can't be read: {day} is counted again")
            del self._kinds[kind][day]
            return False
        return True

    def _write_day(self, store: Store, kind: str, day: str, statement: str, hours: dict[str, tuple[str, ...]]) -> _Day:
        folder = self._folder / kind
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f".{day}.partial"
        try:
            store.sql(f"COPY ({statement}) TO {quoted(str(partial))} (FORMAT parquet, COMPRESSION zstd)")
            with partial.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            name = f"{day}-{digest[:16]}.parquet"
            partial.replace(folder / name)
        finally:
            partial.unlink(missing_ok=True)
        return _Day(name, digest, hours)

    def _say(self, what: str) -> None:
        self._progress(what)
        _log.warning(what)

    def _newest(self) -> dict[str, dict[str, _Day]]:
        return {kind: days for kind, days in sorted(self._kinds.items()) if days}

    def _sweep(self) -> None:
        """Delete what the index does not name."""
        named = {str(Path(kind) / one.name) for kind, days in self._kinds.items() for one in days.values()}
        for pattern in ("**/*.parquet", "**/.*.partial"):
            for path in self._folder.glob(pattern):
                if str(path.relative_to(self._folder)) not in named:
                    path.unlink()

    def _read(self) -> _Index:
        path = self._folder / _INDEX
        try:
            return msgspec.json.decode(path.read_bytes(), type=_Index)
        except FileNotFoundError:
            return _Index()
        except (OSError, msgspec.DecodeError):
            self._say(f"{path} can't be read: everything is counted again")
            return _Index()


def _by_day(hours: Hours) -> dict[str, dict[str, tuple[str, ...]]]:
    found: defaultdict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for hour, names in hours.items():
        found[hour[:_DAY]][hour] = names
    return dict(found)


def _in_day(day: str) -> str:
    return f"CAST(hour AS DATE) = DATE '{day}'"


def _in_hours(hours: Iterable[str]) -> str:
    moments = ", ".join(f"TIMESTAMP '{hour}:00:00'" for hour in hours)
    return f"hour IN ({moments})"
