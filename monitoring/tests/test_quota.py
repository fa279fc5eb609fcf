"""Whole rows from shares: the rules of an apportionment, for any weights."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.evidently_report.quota import apportion, fitting

weights = st.lists(st.floats(0, 1e9, allow_subnormal=False), min_size=1, max_size=200).filter(
    lambda found: sum(found) > 0
)


@given(weights, st.integers(0, 100_000))
def test_every_row_is_given_and_none_is_a_whole_row_off(found: list[float], total: int) -> None:
    """The sum is right, and each entry is its quota rounded up or down."""
    rows = apportion(found, total)
    assert sum(rows) == total
    whole = math.fsum(found)
    assert all(abs(row - weight * total / whole) < 1 for row, weight in zip(rows, found, strict=True))
    assert apportion(found, total) == rows


@given(st.lists(st.integers(0, 10**6), min_size=1).filter(any))
def test_as_many_rows_as_there_were_are_these(counts: list[int]) -> None:
    """Nothing is rounded where nothing has to be."""
    assert apportion(counts, sum(counts)) == counts


def test_the_largest_remainders_get_what_is_left() -> None:
    """And of equal ones the first."""
    assert apportion([1, 1, 1], 2) == [1, 1, 0]
    assert apportion([0.5, 2.7, 0.8], 4) == [0, 3, 1]
    assert apportion([], 0) == apportion([0, 0], 0)[:0] == []


@given(st.integers(1, 200_000), st.integers(1, 100_000))
def test_a_small_window_fits_without_a_remainder(rows: int, most: int) -> None:
    """More than half of the most, and never more than it."""
    found = fitting(rows, most)
    assert most / 2 < found <= most
    assert rows > most or found % rows == 0


def test_rows_of_nothing_are_refused() -> None:
    """There is no share to give them by."""
    with pytest.raises(ValueError, match="3 rows can't be divided among 2 weights"):
        apportion([0, 0], 3)
