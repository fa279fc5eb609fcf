"""The files of a log: closed segments, and those that are being written."""

from dataclasses import dataclass
from pathlib import Path

from service.segments import CLOSED_SUFFIX, OPEN_SUFFIX

PARQUET_SUFFIX = ".parquet"
_SUFFIXES = (CLOSED_SUFFIX, CLOSED_SUFFIX + OPEN_SUFFIX, CLOSED_SUFFIX + ".gz", CLOSED_SUFFIX + ".zst")
_TRIES = 10


@dataclass(frozen=True)
class Segment:
    """One file. The last line of an open one may be half written."""

    path: Path
    modified: float  # seconds since the epoch: no line was written after it

    @property
    def is_open(self) -> bool:
        """Whether it is still written, or was left so by a process that was killed."""
        return self.path.suffix == OPEN_SUFFIX


def list_segments(folder: Path, since: float = 0.0) -> list[Segment]:
    """The segments of a log that may hold lines written at ``since`` or later, by name; none where there is no folder.

    A segment is renamed when it is closed, so the folder is read until two readings agree on what is there: none is
    listed twice, and none is missed.

    Raises:
        OSError: if the folder can't be read, or never comes to rest.
    """
    before = _read(folder)
    for _ in range(_TRIES):
        now = _read(folder)
        if now.keys() == before.keys():
            return [now[name] for name in sorted(now) if now[name].modified >= since]
        before = now
    raise OSError(f"{folder}: it changes faster than it can be listed")


def _read(folder: Path) -> dict[str, Segment]:
    found = {}
    if folder.is_dir():
        for path in folder.iterdir():
            if path.name.endswith(_SUFFIXES):
                try:
                    modified = path.stat().st_mtime
                except FileNotFoundError:
                    continue  # renamed meanwhile: the next reading finds it
                found[path.name.removesuffix(OPEN_SUFFIX)] = Segment(path, modified)
    return found
