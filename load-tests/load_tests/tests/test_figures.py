"""The statistics of the reports."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from load_tests import figures
from load_tests.figures import Interval, Spread


def test_a_ratio_is_taken_round_by_round() -> None:
    """A machine that halves its speed in one round changes no ratio."""
    assert figures.ratios([10, 5, 12], [20, 10, 20]) == Spread(0.5, 0.5, 0.6)


def test_rounds_that_do_not_pair_up_are_refused() -> None:
    """A missing round is no ratio."""
    with pytest.raises(ValueError, match=r"zip\(\) argument 2 is longer"):
        figures.ratios([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="no values"):
        Spread.of([])


@given(
    start=st.floats(-1e6, 1e6),
    rise=st.floats(-1e3, 1e3),
    steps=st.lists(st.integers(0, 10_000), min_size=2, max_size=30, unique=True),
)
def test_the_slope_of_a_line_is_its_own(start: float, rise: float, steps: list[int]) -> None:
    """Points on a line give the line's slope."""
    assert figures.slope([(x, start + rise * x) for x in steps]) == pytest.approx(rise, rel=1e-6, abs=1e-5)


def test_no_line_has_no_slope() -> None:
    """One point, or points at one place, do not grow."""
    assert figures.slope([]) == figures.slope([(1, 5)]) == figures.slope([(1, 5), (1, 9)]) == 0


def test_a_difference_is_taken_round_by_round() -> None:
    """A machine that is slow in one round moves neither the difference nor its interval."""
    bases = [1.0, 1.2, 9.0, 1.1, 0.9, 1.0]
    interval = figures.paired([base + 0.25 for base in bases], bases)
    assert [interval.median, interval.low, interval.high] == pytest.approx([0.25] * 3)


def test_too_few_rounds_have_no_interval() -> None:
    """Their own ends would miss the truth too often; the same values always give the same interval."""
    assert Interval.of([1, 2, 3, 4]) == Interval(2.5, None, None)
    five = Interval.of([1, 2, 3, 4, 5])
    assert five.low is not None
    assert five == Interval.of([1, 2, 3, 4, 5])
    with pytest.raises(ValueError, match="no values"):
        Interval.of([])


DRAWS: dict[str, Callable[[np.random.Generator, int], "np.ndarray[Any, Any]"]] = {  # each has the median 0
    "normal": lambda rng, n: rng.normal(size=n),
    "skewed": lambda rng, n: rng.lognormal(size=n) - 1,
    "heavy tails": lambda rng, n: rng.standard_t(2, size=n),
}


@pytest.mark.parametrize("rounds", [5, 9, 15, 31])
@pytest.mark.parametrize("draw", DRAWS)
def test_the_interval_holds_the_truth_about_as_often_as_it_says(
    draw: str, rounds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The true median of 95 % intervals is inside in 88 to 99 % of 400 samples, whatever the distribution."""
    monkeypatch.setattr(figures, "_DRAWS", 1000)  # enough for a count of 400
    rng = np.random.default_rng(rounds)
    inside = 0
    for _ in range(400):
        interval = Interval.of(DRAWS[draw](rng, rounds).tolist())
        assert interval.low is not None
        assert interval.high is not None
        inside += interval.low <= 0 <= interval.high
    assert 0.88 <= inside / 400 <= 0.99


@given(
    values=st.lists(st.floats(-1e3, 1e3), min_size=5, max_size=20),
    shift=st.floats(-1e3, 1e3),
)
@settings(max_examples=25, deadline=None)
def test_an_interval_lies_within_its_sample_and_moves_with_it(values: list[float], shift: float) -> None:
    """It holds its median, stays within the sample, and what is added to every value is added to it."""
    interval, moved = Interval.of(values), Interval.of([value + shift for value in values])
    assert interval.low is not None
    assert interval.high is not None
    assert min(values) <= interval.low <= interval.median <= interval.high <= max(values)
    assert moved.low == pytest.approx(interval.low + shift, abs=1e-6)
    assert moved.high == pytest.approx(interval.high + shift, abs=1e-6)
