"""Append-only logs on disk: JSON lines in segments that are closed at a size and at an age.

A line is in the kernel's page cache when ``append`` returns, so it outlives the process, however that ends (not the
machine: nothing is fsynced unless asked). The segment being written is ``NAME.jsonl.open`` and is locked; a closed
one is ``NAME.jsonl`` and is never written again. Several processes may share a folder, each with segments of its own.
"""

import fcntl
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

OPEN_SUFFIX = ".open"
CLOSED_SUFFIX = ".jsonl"


class SegmentLog:
    """One writer's segments in a folder."""

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        max_bytes: int,
        max_seconds: float,
        sync: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``sync`` makes every append wait for the disk."""
        self._folder = folder
        self._name = name
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._sync = sync
        self._clock = clock
        self._lock = threading.Lock()
        self._descriptor: int | None = None
        self._path = folder
        self._size = 0
        self._opened = 0.0
        self._sequence = 0

    def append(self, lines: bytes) -> None:
        """Write whole lines, all or nothing.

        Raises:
            OSError: if they could not be written; then none of them is in the log.
        """
        with self._lock:
            descriptor = self._descriptor
            if descriptor is None or self._size >= self._max_bytes:
                descriptor = self._rotate()
            try:
                written = os.write(descriptor, lines)
                while written < len(lines):
                    written += os.write(descriptor, lines[written:])
                if self._sync:
                    os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, self._size)  # half a line would spoil the next one
                raise
            self._size += written

    def tick(self) -> None:
        """Close the segment if it is old, or was taken away; to be called every second or so."""
        with self._lock:
            if self._descriptor is not None and (
                self._clock() - self._opened >= self._max_seconds or os.fstat(self._descriptor).st_nlink == 0
            ):
                self._close()

    def close(self) -> None:
        """Close the segment; a later append opens another."""
        with self._lock:
            self._close()

    def recover(self) -> list[Path]:
        """Close the segments that killed processes left open, and say which; those of living ones are locked."""
        recovered = []
        for path in sorted(self._folder.glob(f"*{CLOSED_SUFFIX}{OPEN_SUFFIX}")):
            try:
                descriptor = os.open(path, os.O_RDWR)
            except FileNotFoundError:
                continue  # another process that starts now was here first
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_at(descriptor, path):
                    _cut_half_line(descriptor)
                    recovered.append(path.rename(path.with_suffix("")))
            except BlockingIOError:
                continue
            finally:
                os.close(descriptor)
        return recovered

    def _rotate(self) -> int:
        self._close()
        self._folder.mkdir(parents=True, exist_ok=True)
        now = self._clock()
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now))
        descriptor = None
        while descriptor is None:
            self._sequence += 1
            path = self._folder / f"{self._name}-{stamp}-{os.getpid()}-{self._sequence:06d}{CLOSED_SUFFIX}{OPEN_SUFFIX}"
            descriptor = _create(path)
        self._descriptor, self._path, self._size, self._opened = descriptor, path, 0, now
        return descriptor

    def _close(self) -> None:
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        try:
            if self._size:
                self._path.rename(self._path.with_suffix(""))
            else:
                self._path.unlink()
        except (FileNotFoundError, NotADirectoryError):
            pass  # taken away by someone: there is nothing to close
        finally:
            os.close(descriptor)


def _create(path: Path) -> int | None:
    """A new segment, locked; None where the name is taken, or another's recovery took it before the lock."""
    if path.with_suffix("").exists():
        return None  # a process of the same number closed it in this very second
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o640)
    except FileExistsError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if _is_at(descriptor, path):
            if not path.with_suffix("").exists():
                return descriptor
            path.unlink()  # another container's process of that number closed its own between the look and the open
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether an open file still has the name that it was opened by."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _cut_half_line(descriptor: int) -> None:
    """Cut what follows the last newline: a write that the disk or a kill cut short."""
    size = os.fstat(descriptor).st_size
    end = size
    while end:
        start = max(0, end - 65_536)
        newline = os.pread(descriptor, end - start, start).rfind(b"\n")
        if newline >= 0:
            end = start + newline + 1
            break
        end = start
    if end < size:
        os.ftruncate(descriptor, end)
