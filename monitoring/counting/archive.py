"""Closed segments of a log as Parquet, by the hour of their lines: a tenth of the size, read in a tenth of the time.

What was closed since the last time becomes one batch: a file in each hour that it has lines of. The index, replaced in one
step, says which segments are held, each in one batch, and what is in the files. Segments themselves are the service's, and
stay; so does what the index says of hours whose rows were dropped.
"""

import hashlib
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import duckdb
import msgspec

from monitoring.counting import hours
from monitoring.counting.cube import EVENT_COLUMNS
from monitoring.counting.hours import HOUR_FORMAT
from monitoring.counting.index import File, Index, Listing, read, write
from monitoring.counting.segments import PARQUET_SUFFIX, Segment, list_segments
from monitoring.counting.store import Store

STAGE: Final = ".partial"
_BATCH_BYTES: Final = 1 << 30  # of lines: what is lost where a run is killed


@dataclass(frozen=True)
class Compacted:
    """What came of a compaction: new files, and segments or files that could not be read, by name."""

    files: tuple[File, ...] = ()
    damaged: tuple[str, ...] = ()


class Archive:
    """The Parquet files of one log."""

    def __init__(self, folder: Path, columns: Mapping[str, str] = EVENT_COLUMNS) -> None:
        """``columns`` are those of its lines."""
        self._folder = folder
        self._columns = columns

    def list_all(self, log: Path) -> Listing:
        """A log, with what is held of it.

        Raises:
            ArchiveError: if the index can't be read; nothing is guessed, as an event could count twice.
            OSError: if the log can't be listed.
        """
        index = read(self._folder)
        hours: defaultdict[str, list[File]] = defaultdict(list)
        for file in index.files:
            hours[file.hour].append(file)
        found = {hour: tuple(files) for hour, files in sorted(hours.items())}
        return Listing(self._folder, tuple(self._waiting(index, log)), found, index.dropped)

    def list_segments(self, log: Path, since: float = 0.0) -> list[Segment]:
        """Everything that may hold lines written at ``since`` or later, each line in one of them.

        Raises:
            ArchiveError, OSError: as above.
        """
        return self.list_all(log).segments(since)

    def held(self) -> frozenset[str]:
        """The names of the segments that it holds: they may be deleted.

        Raises:
            ArchiveError: if the index can't be read.
        """
        return read(self._folder).held()

    def drop(self, before: datetime) -> int:
        """Delete the rows of whole hours before a moment, and say how many files they were. What is told of them stays.

        Segments that are held must be deleted before; their names stay too, so none is ever held again.

        Raises:
            ArchiveError, OSError: if that fails; an hour that is not in the index as dropped has all its rows.
        """
        index, hour = read(self._folder), before.astimezone(UTC).strftime(HOUR_FORMAT)
        if hour > index.dropped:
            write(self._folder, msgspec.structs.replace(index, dropped=hour))
        found = [self._folder / file.name for file in index.files if file.hour < hour]
        found = [path for path in found if path.exists()]
        for path in found:
            path.unlink()
            _remove_if_empty(path.parent)
        return len(found)

    def compact(self, store: Store, log: Path, progress: Callable[[str], None] = lambda _: None) -> Compacted:
        """Write the closed segments that are not held to Parquet; those that can't be read are left as they are.

        A file that was cut short or is gone is made again where its segments are still there.

        Raises:
            ArchiveError, OSError, duckdb.Error: if that fails; then what was there serves as before.
        """
        self._sweep()
        lost = self._forget_lost(log)
        made: list[File] = []
        damaged = list(lost)
        for segments in self._batches(log):
            readable, spoilt = self._stage(store, segments)
            damaged += spoilt
            if readable:
                progress(f"{len(readable)} closed segments become Parquet")
                made += self._held(store, readable)
        self._sweep()
        return Compacted(tuple(made), tuple(damaged))

    def _waiting(self, index: Index, log: Path) -> list[Segment]:
        """The segments that are not held, and the days that are in no hours yet."""
        held = index.held()
        waiting = [segment for segment in list_segments(log) if segment.name not in held]
        return [*waiting, *(Segment(self._folder / day.name, day.modified) for day in index.days)]

    def _held(self, store: Store, segments: Sequence[Segment]) -> list[File]:
        """Make one batch of segments that are staged."""
        days = {day.name: day.segments for day in read(self._folder).days}
        names = [segment.name for segment in segments]
        own = [name for day in names for name in days.get(day, (day,))]
        ended = datetime.fromtimestamp(max(segment.modified for segment in segments), UTC).strftime(HOUR_FORMAT)
        return self.adopt(store, own, days.keys() & set(names), ended)

    def _batches(self, log: Path) -> Iterator[list[Segment]]:
        waiting = [segment for segment in self._waiting(read(self._folder), log) if not segment.is_open]
        batch: list[Segment] = []
        size = 0
        for segment in waiting:
            batch.append(segment)
            size += segment.path.stat().st_size
            if size >= _BATCH_BYTES or segment.path.suffix == PARQUET_SUFFIX:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _stage(self, store: Store, segments: list[Segment]) -> tuple[list[Segment], list[str]]:
        """Write segments beside the archive; return those that are written, and the names of those that can't be read."""
        stage = self._folder / STAGE
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            hours.write(store, segments, self._columns, stage)
        except duckdb.Error:
            shutil.rmtree(stage, ignore_errors=True)
            spoilt = hours.damaged(store, segments, self._columns)
            if not spoilt:
                raise
            segments = [segment for segment in segments if segment not in spoilt]
            if segments:
                hours.write(store, segments, self._columns, stage)
            return segments, [segment.path.name for segment in spoilt]
        return segments, []

    def adopt(self, store: Store, names: Sequence[str], days: Collection[str] = (), ended: str = "") -> list[File]:
        """Make one batch of the files that are in ``.partial`` below the folder, as ``hours.write`` writes them.

        Args:
            store: To describe them.
            names: Of the segments whose lines they are.
            days: Files of the days before hours whose lines they are too.
            ended: The hour of lines without a time where no other line has one.
        """
        stage, index, made = self._folder / STAGE, read(self._folder), []
        batch = hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()[:16]  # the same segments, the same batch
        staged = sorted(stage.glob(f"hour=*/*{PARQUET_SUFFIX}"))
        told = hours.describe(store, staged, self._columns)
        places: Counter[str] = Counter()
        timed = {_hour(path) for path in staged} - {hours.NO_HOUR}
        for path in staged:
            hour = _hour(path) if _hour(path) in timed else max(timed, default=ended)
            place = f"hour={hour}/{batch}-{places[hour]}{PARQUET_SUFFIX}"
            places[hour] += 1
            (self._folder / place).parent.mkdir(exist_ok=True)
            made.append(File(place, hour, path.stat().st_size, *told[str(path)]))
            path.replace(self._folder / place)
        shutil.rmtree(stage, ignore_errors=True)
        write(
            self._folder,
            msgspec.structs.replace(
                index,
                batches=index.batches | {batch: tuple(names)},
                files=(*index.files, *made),
                days=tuple(day for day in index.days if day.name not in days),
            ),
        )
        return made

    def _forget_lost(self, log: Path) -> list[str]:
        """Take batches out of which a file is not whole, if they can be made again; name the files that can't."""
        index = read(self._folder)
        there = {segment.name for segment in list_segments(log)}
        lost = [file for file in index.files if file.hour >= index.dropped and not self._is_whole(file)]
        again = {_batch(file) for file in lost if there.issuperset(index.batches[_batch(file)])}
        if again:
            batches = {name: names for name, names in index.batches.items() if name not in again}
            files = tuple(file for file in index.files if _batch(file) not in again)
            write(self._folder, msgspec.structs.replace(index, batches=batches, files=files))
        return [file.name for file in lost if _batch(file) not in again]

    def _is_whole(self, file: File) -> bool:
        """Whether it is there, as long as it was written."""
        try:
            return (self._folder / file.name).stat().st_size == file.size
        except OSError:
            return False

    def _sweep(self) -> None:
        """Delete what a run that was killed left: files that the index does not name."""
        if not self._folder.is_dir():
            return
        shutil.rmtree(self._folder / STAGE, ignore_errors=True)
        index = read(self._folder)
        named = {file.name for file in index.files} | {day.name for day in index.days}
        for path in [*self._folder.glob(f"hour=*/*{PARQUET_SUFFIX}"), *self._folder.glob(f"events-*{PARQUET_SUFFIX}")]:
            if str(path.relative_to(self._folder)) not in named:
                path.unlink()
                _remove_if_empty(path.parent)


def _hour(path: Path) -> str:
    return path.parent.name.removeprefix("hour=")


def _batch(file: File) -> str:
    return Path(file.name).name.split("-")[0]


def _remove_if_empty(folder: Path) -> None:
    if folder.name.startswith("hour=") and not any(folder.iterdir()):
        folder.rmdir()
