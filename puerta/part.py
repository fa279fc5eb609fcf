"""What a part of the platform is: a program, where it listens, and how one sees that it is ready."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Port(NamedTuple):
    """A port that a part listens on, and the setting it comes from."""

    host: str
    number: int
    variable: str


def _nothing() -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Part:
    """One program of the platform.

    ``ready`` is a URL that answers 200 once the part does its work. ``environment`` is added to the runner's own.
    ``prepare`` runs before each start, ``drain`` before the part is told to stop: it is given the seconds that it may
    take and a function that says whether to hurry, and returns whether everything under way was finished. A part that
    drains is stopped before those that do not. What a part that ``speaks`` says is said to whoever runs the platform;
    its log has its errors alone.
    """

    name: str
    command: tuple[str, ...]
    ports: tuple[Port, ...]
    ready: str
    environment: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[], None] = _nothing
    drain: Callable[[float, Callable[[], bool]], bool] | None = None
    speaks: bool = False
