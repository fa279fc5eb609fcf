"""Closed segments of past days as Parquet: a tenth of the size, and counted again in a tenth of the time.

A day's segments become one file, once; the index, replaced in one step, says which segments it holds. One that is closed
late is read as it is until it gets a file of its own. Segments themselves are the service's, and stay.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from monitoring.counting.cube import EVENT_COLUMNS
from monitoring.counting.segments import PARQUET_SUFFIX, Segment, list_segments
from monitoring.counting.store import Store
from monitoring.files import write_bytes

_INDEX: Final = "archive.json"


class ArchiveError(ValueError):
    """An archive whose index can't be believed; the message names it."""


class File(msgspec.Struct, frozen=True):
    """One Parquet file: when the newest of its segments was last written, and their names."""

    name: str
    modified: float
    segments: tuple[str, ...]


class Archive:
    """The Parquet files of one prediction log."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def list_segments(self, log: Path, since: float = 0.0) -> list[Segment]:
        """Everything that may hold events written at ``since`` or later, each event in one of them.

        Raises:
            ArchiveError: if the index can't be read; nothing is guessed, as an event could count twice.
            OSError: if the log can't be listed.
        """
        files = self._read()
        held = {name for file in files for name in file.segments}
        plain = [segment for segment in list_segments(log, since) if segment.path.name not in held]
        return [*plain, *(Segment(self._folder / file.name, file.modified) for file in files if file.modified >= since)]

    def compact(self, store: Store, log: Path, now: datetime) -> list[Path]:
        """Write the closed segments of days before today's, in UTC, to Parquet, and say which files were made.

        Raises:
            ArchiveError, OSError, duckdb.Error: if that fails; then what was there serves as before.
        """
        files = list(self._read())
        made = []
        for day, segments in sorted(_by_day(self.list_segments(log)).items()):
            if day < now.astimezone(UTC).strftime("%Y-%m-%d"):
                file = self._write(store, day, segments)
                files.append(file)
                write_bytes(self._folder / _INDEX, msgspec.json.format(msgspec.json.encode(files), indent=1))
                made.append(self._folder / file.name)
        return made

    def _write(self, store: Store, day: str, segments: Sequence[Segment]) -> File:
        names = tuple(segment.path.name for segment in segments)
        digest = hashlib.sha256("\n".join(names).encode()).hexdigest()[:8]  # the same segments, the same file
        name = f"events-{day}-{digest}{PARQUET_SUFFIX}"
        self._folder.mkdir(parents=True, exist_ok=True)
        store.save(segments, EVENT_COLUMNS, self._folder / name)
        return File(name, max(segment.modified for segment in segments), names)

    def _read(self) -> tuple[File, ...]:
        path = self._folder / _INDEX
        try:
            return msgspec.json.decode(path.read_bytes(), type=tuple[File, ...])
        except FileNotFoundError:
            return ()
        except msgspec.DecodeError as error:
            raise ArchiveError(f"{path}: {error}; delete the folder, and it is made again from the log") from error


def _by_day(segments: Iterable[Segment]) -> dict[str, list[Segment]]:
    """Closed segments that are no Parquet yet, by the day on which they were last written."""
    found: defaultdict[str, list[Segment]] = defaultdict(list)
    for segment in segments:
        if not segment.is_open and segment.path.suffix != PARQUET_SUFFIX:
            found[datetime.fromtimestamp(segment.modified, UTC).strftime("%Y-%m-%d")].append(segment)
    return found
