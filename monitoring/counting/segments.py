"""The files of a log: closed segments, and those that are being written."""

from dataclasses import dataclass
from pathlib import Path

from service.segments import CLOSED_SUFFIX, OPEN_SUFFIX

PARQUET_SUFFIX = ".parquet"
_PACKED = (".gz", ".zst")
_SUFFIXES = (CLOSED_SUFFIX, CLOSED_SUFFIX + OPEN_SUFFIX, *(CLOSED_SUFFIX + suffix for suffix in _PACKED))
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

    @property
    def name(self) -> str:
        """What it is known by, whether it is still written, closed, or compressed since."""
        return plain(self.path.name)


def plain(name: str) -> str:
    """The name of a segment as the service closed it."""
    for suffix in (OPEN_SUFFIX, *_PACKED):
        name = name.removesuffix(suffix)
    return name


def list_segments(folder: Path, since: float = 0.0) -> list[Segment]:
    """The segments of a log that may hold lines written at ``since`` or later, by name; none where there is no folder.

    A segment is renamed when it is closed, so the folder is read until two readings agree on what is there: none is
    listed twice, and none is missed. Nor is one twice that is just being compressed: it is its lines until they are gone.

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
                segment = Segment(path, modified)
                if segment.name not in found or path.suffix not in _PACKED:
                    found[segment.name] = segment
    return found
