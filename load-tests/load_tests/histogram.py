"""Latencies in buckets that grow by a constant factor: small, merged by adding, every percentile within 1 %.

The idea is HdrHistogram's (https://hdrhistogram.org), with plain logarithms for its two levels of linear buckets.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

# Each bucket's upper edge over its lower one. A value is told as the geometric middle: at most sqrt(1.02) - 1 off.
GROWTH = 1.02
_LOG = math.log(GROWTH)


@dataclass(frozen=True)
class Histogram:
    """How many latencies fell into which bucket: bucket ``i`` holds 1.02**i up to 1.02**(i + 1) microseconds.

    What took less than a microsecond counts as one. The lowest, the highest and the sum (microseconds) are exact.
    """

    counts: dict[int, int] = field(default_factory=dict)
    lowest: float = 0.0
    highest: float = 0.0
    total: float = 0.0

    @classmethod
    def of(cls, microseconds: NDArray[np.float64], weights: NDArray[np.int64] | None = None) -> Self:
        """Count latencies, each once or as often as its weight says; both of shape (n,)."""
        if not microseconds.size:
            return cls()
        each = np.ones(microseconds.size, np.int64) if weights is None else weights
        buckets = np.floor(np.log(np.maximum(microseconds, 1.0)) / _LOG).astype(np.int64)
        sums = np.bincount(buckets, weights=each)
        return cls(
            {int(bucket): int(sums[bucket]) for bucket in np.flatnonzero(sums)},
            float(microseconds.min()),
            float(microseconds.max()),
            float((microseconds * each).sum()),
        )

    @classmethod
    def merged(cls, parts: Iterable[Self]) -> Self:
        """All the latencies of some histograms in one."""
        counts: dict[int, int] = {}
        full = [part for part in parts if part.counts]
        for part in full:
            for bucket, count in part.counts.items():
                counts[bucket] = counts.get(bucket, 0) + count
        if not full:
            return cls()
        lowest, highest = min(part.lowest for part in full), max(part.highest for part in full)
        return cls(counts, lowest, highest, sum(part.total for part in full))

    @property
    def count(self) -> int:
        """How many latencies."""
        return sum(self.counts.values())

    @property
    def mean_ms(self) -> float:
        """Their mean in milliseconds; NaN of none."""
        return self.total / self.count / 1e3 if self.counts else math.nan

    def percentile_ms(self, percentile: float) -> float:
        """The latency in milliseconds that ``percentile`` (0 to 100) percent do not exceed; NaN of none.

        The nearest-rank definition: the smallest that at least so many reach.
        """
        rank = max(1, math.ceil(self.count * percentile / 100))
        passed = 0
        for bucket, count in sorted(self.counts.items()):
            passed += count
            if passed >= rank:
                return self._told(bucket) / 1e3
        return math.nan

    def share_slower(self, seconds: float) -> float:
        """The part, 0 to 1, that took longer; a latency within 1 % of the limit may fall on either side."""
        slower = sum(count for bucket, count in self.counts.items() if self._told(bucket) > seconds * 1e6)
        return slower / self.count if self.counts else 0.0

    def cdf(self) -> Iterator[tuple[float, float]]:
        """Points of the cumulative distribution: milliseconds, and the part (0 to 1) that took at most so long."""
        passed, count = 0, self.count
        for bucket, here in sorted(self.counts.items()):
            passed += here
            yield self._told(bucket) / 1e3, passed / count

    def _told(self, bucket: int) -> float:
        middle: float = GROWTH ** (bucket + 0.5)
        return min(max(middle, self.lowest), self.highest)


PERCENTILES = {"p50": 50.0, "p75": 75.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "p99_9": 99.9}


def exact_ms(microseconds: NDArray[np.float64], weights: NDArray[np.int64] | None = None) -> dict[str, float]:
    """Mean, percentiles (nearest rank) and maximum in milliseconds, not rounded to buckets; empty of none.

    ``microseconds`` and ``weights``, how often each came, are of shape (n,).
    """
    if not microseconds.size:
        return {}
    order = np.argsort(microseconds)
    values = microseconds[order]
    passed = np.cumsum(np.ones(values.size, np.int64) if weights is None else weights[order])
    count = int(passed[-1])
    ranks = {name: max(1, math.ceil(count * share / 100)) for name, share in PERCENTILES.items()}
    told = {name: float(values[np.searchsorted(passed, rank)]) / 1e3 for name, rank in ranks.items()}
    mean = float(np.average(microseconds, weights=weights)) / 1e3
    return {"mean": mean, **told, "max": float(values[-1]) / 1e3}
