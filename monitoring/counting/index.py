"""What an archive says that it holds: one file, replaced in one step."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from monitoring.counting.hours import HOUR_FORMAT
from monitoring.counting.segments import Segment, plain
from monitoring.files import write_bytes

_NAME: Final = "archive.json"


class ArchiveError(ValueError):
    """An archive whose index can't be believed; the message names it."""


class File(msgspec.Struct, frozen=True):
    """One Parquet file. Lines without a time are in the newest hour of their batch.

    ``kinds`` are the lines of each model and version, such as flight-delay/1; of labels, of all. ``ids`` are the least and
    the largest.
    """

    name: str
    hour: str
    size: int
    kinds: dict[str, int] = {}
    unreadable: int = 0
    ids: tuple[str, str] | None = None

    @property
    def rows(self) -> int:
        """Its lines."""
        return sum(self.kinds.values()) + self.unreadable


class Day(msgspec.Struct, frozen=True):
    """A file of the days before hours: it is read as it is until it is written anew."""

    name: str
    modified: float
    segments: tuple[str, ...]


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """The batches, by name the segments of each; the files of all of them."""

    schema: int = 2
    batches: dict[str, tuple[str, ...]] = {}
    files: tuple[File, ...] = ()
    dropped: str = ""  # rows of the hours before it are gone
    days: tuple[Day, ...] = ()

    def held(self) -> frozenset[str]:
        """The names of the segments that are held."""
        of_days = (day.segments for day in self.days)
        return frozenset(plain(name) for names in (*self.batches.values(), *of_days) for name in names)


@dataclass(frozen=True)
class Listing:
    """Everything that is in a log and its archive at one moment, each line once.

    ``lines`` are segments that are in no hour: open ones, and closed ones that are not held. ``hours`` has the files of
    every hour, those included whose rows are gone: they are before ``dropped``.
    """

    folder: Path
    lines: tuple[Segment, ...]
    hours: Mapping[str, tuple[File, ...]]
    dropped: str

    def segments(self, since: float = 0.0) -> list[Segment]:
        """What may hold lines written at ``since`` or later, and has rows."""
        lines = [segment for segment in self.lines if segment.modified >= since]
        first = datetime.fromtimestamp(since, UTC).strftime(HOUR_FORMAT)
        kept = (file for hour, files in self.hours.items() if hour >= max(first, self.dropped) for file in files)
        return [*lines, *map(self.segment, kept)]

    def segment(self, file: File) -> Segment:
        """A file as what is read."""
        ended = datetime.strptime(file.hour, HOUR_FORMAT).replace(tzinfo=UTC) + timedelta(hours=1)
        return Segment(self.folder / file.name, ended.timestamp())


def read(folder: Path) -> Index:
    """The index of an archive; an empty one where there is none yet.

    Raises:
        ArchiveError: if it can't be read.
    """
    path = folder / _NAME
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Index | tuple[Day, ...])
    except FileNotFoundError:
        return Index()
    except msgspec.DecodeError as error:
        raise ArchiveError(
            f"{path}: {error}; restore it, or delete the folder, which keeps only what the log still has"
        ) from error
    return found if isinstance(found, Index) else Index(days=found)


def write(folder: Path, index: Index) -> None:
    """Replace the index of an archive.

    Raises:
        OSError: if it can't be written; then what was there is there still.
    """
    write_bytes(folder / _NAME, msgspec.json.encode(index))
