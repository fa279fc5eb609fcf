"""What is said of numbers, with as many digits as are known."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from model_files.buckets import ERROR
from monitoring.drift.subject import Numbers
from monitoring.report import ViewReport

_LONG = 1e9  # from which on a number is written with its power of ten
_FAR = 10.0  # standard deviations from which on parts of one are left out
_WIDTH = 220.0  # of a plot, in pixels


@dataclass(frozen=True)
class Box:
    """One side of a plot, in pixels: from where to where 90 % and 50 % of the numbers are, and the median."""

    low: float
    first: float
    median: float
    third: float
    high: float


@dataclass(frozen=True)
class Row:
    """A subject of numbers: each quantile in words, the window's and the training data's, and both sides of a plot."""

    name: str
    distance: str
    pairs: tuple[tuple[str, str], ...]
    boxes: tuple[Box, Box]


def rows(view: ViewReport) -> Iterator[Row]:
    """Every subject of a view that has numbers."""
    for subject in view.subjects:
        numbers = subject.numbers
        if numbers is not None:
            sides = numbers.quantiles, numbers.reference_quantiles
            here, there = ([written(value, numbers) for value in side.values()] for side in sides)
            far = numbers.distance
            distance = "-" if far is None else f"{far:,.2f} sd" if far < _FAR else f"{far:,.0f} sd"
            yield Row(subject.name, distance, tuple(zip(here, there, strict=True)), _boxes(numbers))


def went(numbers: Numbers) -> str:
    """Where the median and most of the numbers went."""
    old, new = (written(side["0.5"], numbers) for side in (numbers.reference_quantiles, numbers.quantiles))
    about = "about " if numbers.coarse else ""
    median = (
        f"the median went from {about}{old} to {new}" if old != new else f"the median is {about}{new} as in training"
    )
    low, high = (written(numbers.quantiles[share], numbers) for share in ("0.05", "0.95"))
    least, most = (written(numbers.reference_quantiles[share], numbers) for share in ("0.05", "0.95"))
    spread = f"90% are between {low} and {high}, in training between {about}{least} and {about}{most}"
    return f"{median}; {spread}"


def furthest(fault: str, numbers: Numbers | None) -> str:
    """How far out the numbers of a fault are; nothing of another fault."""
    if numbers is None or fault not in {"below", "above"}:
        return ""
    share, word = ("0", "down") if fault == "below" else ("1", "up")
    usual, found = numbers.reference_quantiles[share], numbers.quantiles[share]
    near = written(usual, numbers) == written(found, numbers)
    return f" ({usual:,.6g})" + ("" if near else f", {word} to {written(found, numbers)}")


def written(value: float, numbers: Numbers) -> str:
    """A number with the digits that its bucket lets know."""
    usual = numbers.reference_quantiles
    error = ERROR * math.hypot(value - usual["0.5"], usual["0.75"] - usual["0.25"])
    known = round(value, -math.floor(math.log10(error))) + 0.0 if error else value  # no minus before a zero
    text = f"{known:,.10g}" if abs(known) < _LONG else f"{known:.3g}"
    return text.replace("e+0", "e").replace("e+", "e")


def _boxes(numbers: Numbers) -> tuple[Box, Box]:
    sides = numbers.quantiles, numbers.reference_quantiles
    least = min(side["0.05"] for side in sides)
    length = max(side["0.95"] for side in sides) - least or 1.0
    here, there = (
        Box(*(_WIDTH * (side[share] - least) / length for share in ("0.05", "0.25", "0.5", "0.75", "0.95")))
        for side in sides
    )
    return here, there
