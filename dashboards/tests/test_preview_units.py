"""Numbers with units, and the ticks beside axes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.preview.units import show, ticks


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0, "s", "0 s"),
        (0.0042, "s", "4.2 ms"),
        (0.4, "s", "400 ms"),
        (2.5e-7, "s", "250 ns"),
        (90.0, "s", "1.5 min"),
        (7200.0, "s", "2 hours"),
        (86_400.0, "s", "1 day"),
        (1500.0, "ms", "1.5 s"),
        (0.9995, "percentunit", "99.95%"),
        (0.123456, "percentunit", "12.3%"),
        (12.0, "percent", "12%"),
        (268_435_456.0, "bytes", "256 MiB"),
        (1_500_000.0, "decbytes", "1.5 MB"),
        (1234.0, "reqps", "1.23K req/s"),
        (40.0, "reqps", "40 req/s"),
        (1_000_000.0, "short", "1 Mil"),
        (-2000.0, "short", "-2 K"),
        (0.25, "short", "0.25"),
        (93_780.0, "dtdurations", "1 day"),
        (2_628_000.0, "dtdurations", "1 month"),
        (0.25, "dtdurations", "250 milliseconds"),
        (-7200.0, "dtdurations", "2 hours ago"),
        (0.0, "dtdurations", "0 seconds"),
        (1.0, "bool_yes_no", "Yes"),
        (12.5, "none", "12.5"),
        (1e12, "none", "1000000000000"),
        (3.0, "suffix:rows", "3 rows"),
        (3.0, "prefix:v", "v3"),
        (3.0, "parsecs", "3 parsecs"),
        (1_700_000_000_000.0, "dateTimeAsIso", "2023-11-14 22:13:20"),
    ],
)
def test_a_value_is_written_as_grafana_writes_it(value: float, unit: str, text: str) -> None:
    """Three digits that count, and the unit that fits."""
    assert show(value, unit) == text


def test_decimals_are_kept_where_they_are_asked_for() -> None:
    """Whatever the value needs."""
    assert show(0.99951, "percentunit", 3) == "99.951%"
    assert show(2.0, "s", 2) == "2.00 s"
    assert show(0.0, "none", 1) == "0.0"
    assert show(93_780.0, "dtdurations", 2) == "1 day, 2 hours, 3 minutes"
    assert show(7200.5, "dtdurations", 1) == "2 hours, 0 minutes"


def test_what_is_no_number_is_said_to_be_none() -> None:
    """It is never written as one."""
    assert (show(math.nan, "s"), show(math.inf, "short"), show(-math.inf, "none")) == ("NaN", "∞", "-∞")


@given(
    low=st.floats(-1e9, 1e9),
    width=st.floats(1e-6, 1e9),
    unit=st.sampled_from(["s", "ms", "bytes", "decbytes", "percentunit", "reqps", "short", "none"]),
)
def test_ticks_are_within_the_axis_and_differ(low: float, width: float, unit: str) -> None:
    """Rising, from end to end, no more than an axis has room for, and none is written like another one."""
    high = low + width
    if (high - low) < 1e-6 * max(abs(low), abs(high)):
        return  # floats have no digits left to tell ticks apart
    found = ticks(low, high, unit)
    values = [value for value, _ in found]
    slack = (high - low) * 1e-6
    assert values == sorted(set(values))
    assert len(values) <= 11
    assert all(low - slack <= value <= high + slack for value in values)
    assert len({text for _, text in found}) == len(found)


def test_ticks_are_round_in_their_unit() -> None:
    """Minutes are sixty seconds, mebibytes powers of two, and close ratios keep their digits."""
    assert [text for _, text in ticks(0, 300, "s")] == ["0 s", "1 min", "2 min", "3 min", "4 min", "5 min"]
    assert [text for _, text in ticks(0, 2**20 * 100, "bytes")] == ["0 B", "32 MiB", "64 MiB", "96 MiB"]
    assert [text for _, text in ticks(0.999, 1.0, "percentunit", 2)] == ["99.9%", "99.95%", "100%"]


def test_ticks_get_digits_until_they_differ() -> None:
    """Where three that count would write them all alike."""
    assert [text for _, text in ticks(1000.1, 1000.5, "none", 4)] == ["1000.1", "1000.2", "1000.3", "1000.4", "1000.5"]
