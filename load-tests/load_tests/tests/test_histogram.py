"""Latencies in buckets."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from load_tests.histogram import Histogram, exact_ms

MICROSECONDS = st.lists(st.floats(1.0, 1e8), min_size=1, max_size=200)


def _nearest_rank(values: list[float], percentile: float) -> float:
    return sorted(values)[max(1, math.ceil(len(values) * percentile / 100)) - 1]


@given(values=MICROSECONDS, percentile=st.floats(0.0, 100.0))
def test_every_percentile_is_within_one_percent(values: list[float], percentile: float) -> None:
    """Whatever the latencies, a percentile is the one of the sorted list, 1 % up or down."""
    told = Histogram.of(np.array(values)).percentile_ms(percentile)
    assert told == pytest.approx(_nearest_rank(values, percentile) / 1e3, rel=0.01)


@given(first=MICROSECONDS, second=MICROSECONDS)
def test_merging_is_counting_together(first: list[float], second: list[float]) -> None:
    """Parts of a run put together are the whole run."""
    whole = Histogram.of(np.array(first + second))
    merged = Histogram.merged([Histogram.of(np.array(first)), Histogram(), Histogram.of(np.array(second))])
    assert merged.counts == whole.counts
    assert (merged.lowest, merged.highest) == (whole.lowest, whole.highest)
    assert merged.mean_ms == pytest.approx(whole.mean_ms)


@given(values=MICROSECONDS)
def test_it_survives_json(values: list[float]) -> None:
    """What a client writes is what a report reads."""
    histogram = Histogram.of(np.array(values))
    assert msgspec.json.decode(msgspec.json.encode(histogram), type=Histogram) == histogram


@given(values=MICROSECONDS)
def test_weights_are_repetitions(values: list[float]) -> None:
    """A latency that three requests had counts three times, in the buckets and in the exact percentiles."""
    once, weights = np.array(values), np.full(len(values), 3)
    thrice = np.repeat(once, 3)
    assert Histogram.of(once, weights).counts == Histogram.of(thrice).counts
    assert exact_ms(once, weights) == pytest.approx(exact_ms(thrice))


@given(values=MICROSECONDS)
def test_exact_percentiles_are_values_that_there_were(values: list[float]) -> None:
    """Nearest rank, without rounding."""
    told = exact_ms(np.array(values))
    assert told["p90"] == _nearest_rank(values, 90) / 1e3
    assert told["max"] == max(values) / 1e3


def test_the_share_of_slow_ones_and_the_curve() -> None:
    """One in ten slower than 0.4 s is told as a tenth, and the curve ends at one."""
    histogram = Histogram.of(np.array([1000.0] * 9 + [500_000.0]))
    assert histogram.share_slower(0.4) == pytest.approx(0.1)
    assert histogram.share_slower(1.0) == 0
    quick, slow = histogram.cdf()
    assert quick == pytest.approx((1.0, 0.9), rel=0.01)
    assert slow == pytest.approx((500.0, 1.0), rel=0.01)


def test_nothing_has_no_percentile() -> None:
    """Of no latency at all nothing is claimed."""
    nothing = Histogram.of(np.array([]))
    assert nothing == Histogram.merged([])
    assert math.isnan(nothing.percentile_ms(99))
    assert math.isnan(nothing.mean_ms)
    assert nothing.share_slower(0.4) == 0
    assert exact_ms(np.array([])) == {}
