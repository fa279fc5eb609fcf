"""Quantile sketches: numbers counted by bucket (:mod:`model_files.buckets`), so that sketches of different hours add up."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import ibis

from model_files.buckets import WIDTH, Buckets, Span
from model_files.reference_file import Histogram
from monitoring.counting.coding import ABOVE, BELOW
from monitoring.counting.distribution import Distribution

NO_BUCKET: Final = 0  # of what is no number; its code tells


@dataclass(frozen=True)
class Sketch:
    """How the numbers of one feature are counted, by what its reference knows of them."""

    known: Histogram

    def expression(self, number: Any) -> Any:
        """The bucket of a number, as an int16; ``NO_BUCKET`` of null."""
        buckets = Buckets.of(self.known)
        away = ibis.least((number - buckets.centre).abs(), buckets.reach) * (1 / buckets.scale)
        place = ((away + (away * away + 1.0).sqrt()).ln() * (1 / WIDTH) + 0.5).floor()
        side = ibis.cases((number < buckets.centre, -1), (number >= buckets.centre, 1))  # null of null, unlike `least`
        return (place * side).fill_null(NO_BUCKET).cast("int16")

    def span(self, code: int, bucket: int) -> Span | None:
        """Where numbers of a code (:class:`~monitoring.counting.coding.Bins`) and a bucket are; None of what is none.

        Those in range are told as finely as the reference's are: by bucket, or of an old package without buckets by
        bin. A fine and a coarse distribution of the same numbers are apart.
        """
        low, high = Buckets.of(self.known).span(bucket)
        least, largest = self.known.edges[0], self.known.edges[-1]
        if code == BELOW:
            return min(low, least), min(high, least)
        if code == ABOVE:
            return max(low, largest), max(high, largest)
        if code < 0:
            return None
        return self._inside(bucket) if self.known.buckets else (self.known.edges[code], self.known.edges[code + 1])

    def window(self, rows: Iterable[tuple[int, int, float]]) -> Distribution:
        """Where numbers are, from rows of (code, bucket, rows)."""
        found: dict[Span, float] = {}
        for code, bucket, count in rows:
            span = self.span(code, bucket)
            if span is not None:
                found[span] = found.get(span, 0) + count
        return Distribution.of(found)

    def reference(self) -> Distribution:
        """Where those of the training data were."""
        if self.known.buckets:
            return Distribution.of({self._inside(bucket): rows for bucket, rows in self.known.buckets.items()})
        return Distribution.of(dict(zip(pairwise(self.known.edges), self.known.counts, strict=True)))

    def _inside(self, bucket: int) -> Span:
        """The part of a bucket that is in range."""
        low, high = Buckets.of(self.known).span(bucket)
        least, largest = self.known.edges[0], self.known.edges[-1]
        return min(max(low, least), largest), min(max(high, least), largest)
