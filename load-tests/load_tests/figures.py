"""The few statistics that the reports use."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import linear_regression, median


@dataclass(frozen=True)
class Spread:
    """The median of some rounds with the lowest and the highest of them."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Summarise values.

        Raises:
            ValueError: if there are none.
        """
        if not values:
            raise ValueError("no values to summarise, expected at least one")
        return cls(median(values), min(values), max(values))


def ratios(values: Sequence[float], bases: Sequence[float]) -> Spread:
    """Summarise the ratio of each round to its own base, so that a slow minute of the machine falls on both.

    Raises:
        ValueError: if the rounds do not pair up.
    """
    return Spread.of([value / base for value, base in zip(values, bases, strict=True)])


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The least-squares slope of y on x; 0 for fewer than two points or a single x."""
    if len({x for x, _ in points}) < 2:  # noqa: PLR2004 - a line needs two
        return 0.0
    return linear_regression([x for x, _ in points], [y for _, y in points]).slope
