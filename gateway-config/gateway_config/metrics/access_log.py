"""The access log as it grows: one entry a request, each read once, the file replaced before it fills the disk."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import msgspec

_CHUNK = 1 << 20  # bytes


class Entry(msgspec.Struct, frozen=True, gc=False):
    """What the metrics need of a line. ``operation`` is None where no operation was asked for (404, 405).

    Times are whole microseconds: from a request's first byte to the last of its answer, of these until the whole request
    was there, and from the first byte sent to a backend to the last one of its answer (None where none was asked).
    """

    status: int
    microseconds: int | None = None
    received_microseconds: int | None = None
    backend_microseconds: int | None = None
    client: str | None = None
    operation: str | None = None
    reason: str | None = None


class AccessLog:
    """Reads what is appended to a log, from its present end on.

    Once the file is larger than ``max_bytes`` it is renamed to ``NAME.1`` (whose earlier content goes), and ``reopen``
    has its writer begin anew; what the writer still appends to the renamed file is read too.
    """

    def __init__(self, path: Path, *, max_bytes: int, reopen: Callable[[], None]) -> None:
        """The log of ``path``, which need not be there yet."""
        self._path = path
        self._max_bytes = max_bytes
        self._reopen = reopen
        self._decode = msgspec.json.Decoder(Entry).decode
        self._rest = b""
        self._file: IO[bytes] | None = self._open()
        self.unreadable = 0
        if self._file is not None:
            self._file.seek(0, os.SEEK_END)

    def read(self) -> Iterator[Entry]:
        """The entries that were appended since the last time; a line that is none is counted in ``unreadable``.

        Raises:
            OSError: if the log can't be read, or its writer can't be reached.
        """
        yield from self._appended()
        if not self._path.exists():  # renamed, and the writer has not begun anew yet
            return
        if self._file is None or not os.path.samestat(self._path.stat(), os.fstat(self._file.fileno())):
            yield from self._appended()  # what came before the new file was there
            self.close()
            self._file, self._rest = self._open(), b""
            yield from self._appended()
        elif self._file.tell() > self._max_bytes:
            self._path.replace(self._path.with_name(f"{self._path.name}.1"))
            self._reopen()

    def close(self) -> None:
        """Read no more."""
        if self._file is not None:
            self._file.close()

    def _appended(self) -> Iterator[Entry]:
        if self._file is not None and self._file.tell() > os.fstat(self._file.fileno()).st_size:
            self._file.seek(0)  # somebody has emptied it
            self._rest = b""
        while self._file is not None and (chunk := self._file.read(_CHUNK)):
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            for line in lines:
                try:
                    yield self._decode(line)
                except msgspec.DecodeError:
                    self.unreadable += 1

    def _open(self) -> IO[bytes] | None:
        try:
            return self._path.open("rb", buffering=0)
        except FileNotFoundError:
            return None
