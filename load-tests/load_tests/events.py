"""The event log as it lies on disk: how many predictions are in it, and which."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SEGMENTS = ("*.jsonl", "*.jsonl.open")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Log:
    """The ids of every whole line, and how many lines were torn: cut off, or no JSON object with an id."""

    ids: dict[str, int]
    torn: int


def segments(folder: Path) -> list[Path]:
    """The log's files, closed and open, oldest name first."""
    return sorted(path for pattern in SEGMENTS for path in folder.glob(pattern))


def count_lines(folder: Path) -> int:
    """Count the whole lines, without reading them."""
    return sum(chunk.count(b"\n") for path in segments(folder) for chunk in _chunks(path))


def read(folder: Path) -> Log:
    """Read every line's id, with how often it is there."""
    ids: dict[str, int] = {}
    torn = 0
    for path in segments(folder):
        with path.open("rb") as file:
            for line in file:
                name = _identifier(line)
                if name is None:
                    torn += 1
                else:
                    ids[name] = ids.get(name, 0) + 1
    return Log(ids, torn)


def _identifier(line: bytes) -> str | None:
    if not line.endswith(b"\n"):
        return None
    try:
        return str(json.loads(line)["id"])
    except (ValueError, KeyError, TypeError):
        return None


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
