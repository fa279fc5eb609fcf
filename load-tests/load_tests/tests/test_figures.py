"""The statistics of the reports."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load_tests import figures
from load_tests.figures import Spread


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
