"""Values as Terraform sends them: JSON's, and what is not known before an apply."""

from dataclasses import dataclass
from typing import Any

Value = Any
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Unknown:
    """A value that only an apply can tell; code and data are those of its MessagePack extension."""

    code: int = 0
    data: bytes = b"\x00"


UNKNOWN = Unknown()


def known(value: Value) -> bool:
    """Whether there is something to check: neither left out nor unknown."""
    return value is not None and not isinstance(value, Unknown)


def rows(value: Value) -> list[tuple[Path, dict[str, Value]]]:
    """The blocks of one name, with where each stands; unknown ones are left out."""
    if isinstance(value, dict):
        return [((), value)]
    if not isinstance(value, list):
        return []
    return [((number,), row) for number, row in enumerate(value) if isinstance(row, dict)]
