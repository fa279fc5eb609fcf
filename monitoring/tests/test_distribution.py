"""Quantiles and distances of what is known in counts, held to NumPy and SciPy."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from monitoring.counting.distribution import Distribution, transport

values = st.lists(st.integers(-1000, 1000).map(lambda value: value / 8), min_size=1, max_size=60)


def exact(numbers: list[float]) -> Distribution:
    """Every number in a span of its own."""
    return Distribution.of({(number, number): numbers.count(number) for number in numbers})


def even(spans: list[tuple[float, float]], rows: list[int]) -> tuple[Distribution, list[float]]:
    """Spans, and many numbers spread over these as they say."""
    drawn = [
        low + (high - low) * (place + 0.5) / (50 * count)
        for (low, high), count in zip(spans, rows, strict=True)
        for place in range(50 * count)
    ]
    return Distribution(tuple(spans), tuple(map(float, rows))), drawn


@given(values, st.floats(0, 1))
def test_a_quantile_of_numbers_that_are_known_is_theirs(numbers: list[float], share: float) -> None:
    """That which a share of them does not exceed."""
    expected = {float(np.quantile(numbers, near, method="inverted_cdf")) for near in (share * (1 - 1e-12), share)}
    assert exact(numbers).quantile(share) in expected


@given(values, values, st.randoms(use_true_random=False))
def test_the_distance_is_scipys(here: list[float], there: list[float], order: random.Random) -> None:
    """Whatever the numbers of rows, and their order."""
    expected = stats.wasserstein_distance(here, there)
    order.shuffle(here)
    assert transport(exact(here), exact(there)) == pytest.approx(expected, abs=1e-9)
    assert transport(exact(there), exact(here)) == pytest.approx(expected, abs=1e-9)
    assert exact(here).deviation() == pytest.approx(np.std(here), abs=1e-9)


def test_rows_are_spread_evenly_over_their_spans() -> None:
    """Also where these are of very different widths, cross each other, or are a single number."""
    here, drawn_here = even([(-5, -1), (-1, 0), (2, 2), (2, 900)], [3, 40, 7, 2])
    there, drawn_there = even([(-3, 0.5), (0.5, 40)], [5, 3])
    assert transport(here, there) == pytest.approx(stats.wasserstein_distance(drawn_here, drawn_there), rel=1e-3)
    assert here.deviation() == pytest.approx(np.std(drawn_here), rel=1e-3)
    for share in (0.01, 0.3, 0.5, 0.85, 0.99):
        assert here.quantile(share) == pytest.approx(np.quantile(drawn_here, share), rel=0.02), share
    assert transport(here, here) == 0


def test_a_number_far_out_costs_its_distance_and_no_more() -> None:
    """Nothing overflows, and nothing else is drowned."""
    usual = Distribution(((0.0, 1.0),), (999.0,))
    outlier = Distribution(((0.0, 1.0), (1e99, 1.02e99)), (999.0, 1.0))
    assert transport(usual, outlier) == pytest.approx(1.01e96, rel=1e-3)
