"""Colours and what they mean. Grey is what nobody knows; green is kept for what is known to be well."""

from dataclasses import dataclass

UNKNOWN = "#808080"
HEALTHY = "green"
NOTICE = "yellow"
WARNING = "orange"
BROKEN = "red"
NEUTRAL = "blue"

NO_DATA = "no data"


@dataclass(frozen=True)
class Step:
    """From this value on, a colour. What lies below the first step, and no value at all, is grey."""

    value: float
    colour: str


@dataclass(frozen=True)
class State:
    """What a value is called, and its colour."""

    value: int
    text: str
    colour: str


@dataclass(frozen=True)
class Line:
    """How the series are drawn whose names a regular expression finds; where several do, the last one decides."""

    pattern: str
    colour: str
    dashed: bool = False


CODES = (
    Line("^[23]", "green"),
    Line("^4", "yellow"),
    Line("^422$", "super-light-yellow"),
    Line("^429$", "orange"),
    Line("^5", "red"),
    Line("^503$", "dark-red"),
    Line("^504$", "light-red"),
)
"""HTTP status codes: well, the caller's doing, ours."""


def rising(
    *, notice: float | None = None, warning: float | None = None, broken: float | None = None
) -> tuple[Step, ...]:
    """Steps of a value that is well at 0 and worse the higher it is."""
    levels = ((notice, NOTICE), (warning, WARNING), (broken, BROKEN))
    return (Step(0, HEALTHY), *(Step(value, colour) for value, colour in levels if value is not None))


def plain(colour: str = NEUTRAL, least: float = -1e12) -> tuple[Step, ...]:
    """One colour for every value that is known: the value says nothing of good or bad."""
    return (Step(least, colour),)
