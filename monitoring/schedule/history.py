"""What became of every run: one JSON line each, the newest kept."""

from pathlib import Path
from typing import Literal

import msgspec

_KEPT = 1000
_FILE = "runs.jsonl"


class Run(msgspec.Struct, frozen=True):
    """One run; times are RFC 3339, ``reason`` says why it failed."""

    started: str
    finished: str
    result: Literal["success", "failure"]
    alert: bool = False
    reason: str = ""


class History:
    """The runs of one folder of reports."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE

    def add(self, run: Run) -> None:
        """Write one more down; of twice as many as are kept, the older half goes."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(run) + b"\n")
        lines = self._path.read_bytes().splitlines(keepends=True)
        if len(lines) >= 2 * _KEPT:
            partial = self._path.with_suffix(".partial")
            partial.write_bytes(b"".join(lines[-_KEPT:]))
            partial.replace(self._path)

    def runs(self) -> list[Run]:
        """Every run that is kept, oldest first; a line that was cut short is left out."""
        if not self._path.exists():
            return []
        found = []
        for line in self._path.read_bytes().splitlines():
            try:
                found.append(msgspec.json.decode(line, type=Run))
            except msgspec.DecodeError:
                continue
        return found
