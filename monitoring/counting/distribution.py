"""Where numbers are, as far as counts tell: quantiles, spread, and how far one distribution is from another."""

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Self

from model_files.buckets import Span


@dataclass(frozen=True)
class Distribution:
    """``rows[i]`` numbers evenly over ``spans[i]``; spans rise, and overlap in their ends at most."""

    spans: tuple[Span, ...]
    rows: tuple[float, ...]

    @classmethod
    def of(cls, rows: Mapping[Span, float]) -> Self:
        """From rows by span, in any order."""
        kept = sorted((span, count) for span, count in rows.items() if count)
        return cls(tuple(span for span, _ in kept), tuple(count for _, count in kept))

    def quantile(self, share: float) -> float:
        """The number that a share of the rows does not exceed: somewhere in the span that the true one is in.

        There are rows.
        """
        reached = list(accumulate(self.rows))
        wanted = share * reached[-1]
        place = min(bisect_left(reached, wanted), len(reached) - 1)
        low, high = self.spans[place]
        return low + (high - low) * min(1.0, max(0.0, 1 - (reached[place] - wanted) / self.rows[place]))

    def deviation(self) -> float:
        """The standard deviation; that of numbers spread evenly from a to b is (b - a) / sqrt(12). There are rows."""
        total = math.fsum(self.rows)
        middles = [(low + high) / 2 for low, high in self.spans]
        mean = math.fsum(count * middle for count, middle in zip(self.rows, middles, strict=True)) / total
        return math.sqrt(
            math.fsum(
                count * ((middle - mean) ** 2 + (high - low) ** 2 / 12)
                for count, middle, (low, high) in zip(self.rows, middles, self.spans, strict=True)
            )
            / total
        )

    def levels(self) -> list[float]:
        """The share of the rows up to the end of each span; the last is 1. There are rows."""
        reached = list(accumulate(self.rows))
        return [*(min(1.0, rows / reached[-1]) for rows in reached[:-1]), 1.0]


def transport(here: Distribution, there: Distribution) -> float:
    """The first Wasserstein distance, in the numbers' own unit: the area between both quantile functions.

    Both have rows.
    """
    levels = sorted({0.0, *here.levels(), *there.levels()})
    return math.fsum(
        (until - since) * _mean_size(ours[0] - theirs[0], ours[1] - theirs[1])
        for (since, until), ours, theirs in zip(pairwise(levels), _cut(here, levels), _cut(there, levels), strict=True)
    )


def _cut(distribution: Distribution, levels: Sequence[float]) -> Iterator[Span]:
    """The numbers between each level and the next, of which some are the ends of spans."""
    ends = distribution.levels()
    place, begin = 0, 0.0
    for since, until in pairwise(levels):
        while ends[place] <= since:
            begin = ends[place]
            place += 1
        low, high = distribution.spans[place]
        slope = (high - low) / (ends[place] - begin)
        yield low + (since - begin) * slope, low + (until - begin) * slope


def _mean_size(first: float, last: float) -> float:
    """The mean distance from 0 on the straight way from one number to another."""
    sizes = abs(first) + abs(last)
    if not sizes or (first < 0) == (last < 0):
        return sizes / 2
    return (first * (first / sizes) + last * (last / sizes)) / 2
