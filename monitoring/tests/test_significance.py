"""Tails of distributions are SciPy's, and of many tests only discoveries count."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from monitoring.drift.significance import accepted, chi2_tail, normal_tails, rate_rise


@given(st.integers(1, 10_000), st.floats(0, 20))
def test_the_chi_squared_tail_is_scipys(freedom: int, factor: float) -> None:
    """For every number of degrees of freedom, from far below the mean to far above it."""
    statistic = freedom * factor
    assert chi2_tail(statistic, freedom) == pytest.approx(stats.chi2.sf(statistic, freedom), rel=1e-7, abs=1e-14)


@pytest.mark.parametrize(("statistic", "freedom"), [(3.84, 1), (10.83, 1), (48.27, 22), (6000, 5000), (1e6, 3)])
def test_the_chi_squared_tail_at_the_usual_places(statistic: float, freedom: int) -> None:
    """The relative error is small where a verdict is made, far out in the tail."""
    assert chi2_tail(statistic, freedom) == pytest.approx(stats.chi2.sf(statistic, freedom), rel=1e-7)


def test_without_a_difference_or_a_degree_of_freedom_chance_explains_all() -> None:
    """Nothing is ever divided by nothing."""
    assert chi2_tail(0, 5) == 1
    assert chi2_tail(7, 0) == 1


@given(st.floats(-38, 38))
def test_the_normal_tails_are_scipys(z: float) -> None:
    """Both of them together."""
    assert normal_tails(z) == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-9)


@given(st.integers(0, 400), st.integers(1, 10**7), st.integers(0, 400), st.integers(1, 10**7))
def test_a_rise_of_a_rate_is_the_exact_binomial_tail(events: int, rows: int, before: int, before_rows: int) -> None:
    """Given their sum, the events of a window are binomial."""
    expected = stats.binom.sf(events - 1, events + before, rows / (rows + before_rows)) if events else 1.0
    assert rate_rise(events, rows, before, before_rows) == pytest.approx(expected, rel=1e-6, abs=1e-300)


def test_a_rise_of_many_events_is_near_the_exact_tail() -> None:
    """Beyond a thousand events the normal tail serves."""
    exact = stats.binom.sf(1099, 2100, 0.5)
    assert rate_rise(1100, 10_000, 1000, 10_000) == pytest.approx(exact, rel=0.02)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(0.001, 0.2))
def test_discoveries_are_those_of_scipy(values: list[float], rate: float) -> None:
    """SciPy's adjusted p-values are at most the rate for the same tests."""
    adjusted = stats.false_discovery_control(values)
    sure = [abs(value - rate) > 1e-9 for value in adjusted]
    found = accepted(values, rate)
    assert all(one == (value <= rate) for one, value, is_sure in zip(found, adjusted, sure, strict=True) if is_sure)


def test_among_no_tests_there_is_no_discovery() -> None:
    """An empty family is one."""
    assert accepted([], 0.01) == []
    assert math.isfinite(chi2_tail(1e300, 10))
