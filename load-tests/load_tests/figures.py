"""The few statistics that the reports use."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import linear_regression, median

import numpy as np

FEWEST = 5  # rounds that give an interval: the sample's own ends miss the median of fewer too often
_DRAWS = 10_000
_PART = 0.95


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


@dataclass(frozen=True)
class Interval:
    """The median of some rounds' differences, with the 95 % confidence interval of it; None with fewer than FEWEST."""

    median: float
    low: float | None
    high: float | None

    @classmethod
    def of(cls, differences: Sequence[float], seed: int = 1) -> "Interval":
        """The percentile bootstrap over rounds (Efron 1979); the same values give the same interval.

        Of the median, because one round in which the machine was busy with something else shall not move it. Its
        bootstrap interval ends at order statistics, so that it holds the true median equally often whatever the
        distribution: in 88 to 96 % of all cases for 5 to 31 rounds, in 96 % for 9 or 15. A test counts that.

        Raises:
            ValueError: if there are none.
        """
        if not differences:
            raise ValueError("no values to summarise, expected at least one")
        middle = median(differences)
        if len(differences) < FEWEST:
            return cls(middle, None, None)
        drawn = np.random.default_rng(seed).choice(np.asarray(differences, float), (_DRAWS, len(differences)))
        low, high = np.quantile(np.median(drawn, axis=1), ((1 - _PART) / 2, (1 + _PART) / 2))
        return cls(middle, float(low), float(high))


def paired(values: Sequence[float], bases: Sequence[float]) -> Interval:
    """What is added to each round's own base, so that a slow minute of the machine falls on both.

    Raises:
        ValueError: if the rounds do not pair up, or there are none.
    """
    return Interval.of([value - base for value, base in zip(values, bases, strict=True)])


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
