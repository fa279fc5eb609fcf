"""Lines and columns over time, as coordinates of a small SVG. What is not known is a gap, never a zero."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

WIDTH, HEIGHT = 300.0, 84.0  # of the drawing, in its own units
_ROOM = 0.08  # of the span, above and below what is drawn
_LONGEST = 3.0  # typical steps between two reports: a longer one is a gap


@dataclass(frozen=True)
class Dot:
    """One value, with what a mouse over it is told."""

    x: float
    y: float
    said: str
    tone: str


@dataclass(frozen=True)
class Line:
    """A series as polylines, one for each stretch without a gap, with its dots and the bands that it may be in."""

    kind: str
    stretches: tuple[str, ...]
    dots: tuple[Dot, ...] = ()
    bands: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chart:
    """A drawing of ``WIDTH`` by ``HEIGHT``: its lines, its levels by name, and what its edges stand for."""

    title: str
    now: str
    tone: str
    lines: tuple[Line, ...]
    levels: Mapping[str, float]
    low: str
    high: str
    begin: str
    end: str


@dataclass(frozen=True)
class Column:
    """One hour: where it stands, how high it is, and what a mouse over it is told; ``empty`` where nothing came."""

    x: float
    width: float
    height: float
    said: str
    empty: bool


@dataclass(frozen=True)
class Series:
    """Values over time, oldest first; None where there is none. ``tones`` and ``said`` are of each value, if given.

    So are ``intervals``, lowest and highest, None where none is known.
    """

    kind: str
    values: Sequence[float | None]
    tones: Sequence[str] = ()
    said: Sequence[str] = ()
    intervals: Sequence[tuple[float, float] | None] = ()


def lines(times: Sequence[float], series: Sequence[Series], low: float, high: float) -> tuple[Line, ...]:
    """Series over ``times`` (seconds), between ``low`` at the bottom and ``high`` at the top; beyond is at the edge."""
    return tuple(
        Line(
            one.kind,
            tuple(" ".join(points) for points in _stretches(times, one.values, low, high)),
            tuple(_dots(times, one, low, high)),
            tuple(_bands(times, one.intervals, low, high)),
        )
        for one in series
    )


def height(value: float, low: float, high: float) -> float:
    """How far from the top a value is."""
    share = (value - low) / (high - low) if high > low else 0.5
    return round(HEIGHT * (1 - min(1.0, max(0.0, share))), 1)


def span(values: Sequence[float | None], least: float = 0.1) -> tuple[float, float]:
    """Lowest and highest of shares with some room, at least ``least`` apart and never beyond 0 and 1."""
    known = [value for value in values if value is not None]
    if not known:
        return 0.0, 1.0
    lowest, highest = min(known), max(known)
    half = max(highest - lowest, least) / 2 * (1 + 2 * _ROOM)
    middle = (highest + lowest) / 2
    return max(0.0, middle - half), min(1.0, middle + half)


def columns(counts: Sequence[tuple[str, int]]) -> tuple[Column, ...]:
    """One column each, as high as its part of the highest."""
    width = WIDTH / max(1, len(counts))
    most = max((count for _, count in counts), default=0) or 1
    return tuple(
        Column(
            round(place * width, 2), round(width, 2), round(HEIGHT * count / most, 1), f"{name}: {count:,}", not count
        )
        for place, (name, count) in enumerate(counts)
    )


def _across(times: Sequence[float], place: int) -> float:
    first, last = times[0], times[-1]
    return round(WIDTH * (times[place] - first) / (last - first), 1) if last > first else WIDTH


def _stretches(times: Sequence[float], values: Sequence[float | None], low: float, high: float) -> Iterator[list[str]]:
    steps = sorted(later - earlier for earlier, later in pairwise(times))
    usual = max(86_400.0, steps[len(steps) // 2]) if steps else 0.0
    points: list[str] = []
    for place, value in enumerate(values):
        apart = place > 0 and times[place] - times[place - 1] > _LONGEST * usual
        if points and (value is None or apart):
            yield _seen(points, times)
            points = []
        if value is not None:
            points.append(f"{_across(times, place)},{height(value, low, high)}")
    if points:
        yield _seen(points, times)


def _seen(points: list[str], times: Sequence[float]) -> list[str]:
    """A line of one point would not be seen: it is a short one, or a level where there is no other time at all."""
    if len(points) > 1:
        return points
    return points * 2 if len(times) > 1 else [f"0,{points[0].split(',')[1]}", *points]


def _bands(
    times: Sequence[float], intervals: Sequence[tuple[float, float] | None], low: float, high: float
) -> Iterator[str]:
    """Areas, as their outlines: along the lower ends and back along the upper ones."""
    ends = ([None if one is None else one[side] for one in intervals] for side in (0, 1))
    lower, upper = (_stretches(times, values, low, high) for values in ends)
    for there, back in zip(lower, upper, strict=True):
        yield " ".join([*there, *reversed(back)])


def _dots(times: Sequence[float], series: Series, low: float, high: float) -> Iterator[Dot]:
    for place, (tone, said) in enumerate(zip(series.tones, series.said, strict=True)):
        value = series.values[place]
        if value is not None:
            yield Dot(_across(times, place), height(value, low, high), said, tone)
