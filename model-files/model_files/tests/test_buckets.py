"""Numbers counted by bucket: how much of a number is known again."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_files import reference
from model_files.buckets import ERROR, Buckets
from model_files.reference_file import Histogram

centres = st.floats(-1e6, 1e6)
scales = st.floats(1e-6, 1e6)
numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)


@given(centres, scales, numbers)
def test_a_bucket_holds_its_numbers_and_is_narrow(centre: float, scale: float, number: float) -> None:
    """Two percent of the distance from the centre far out, and of the scale near it, whatever the number."""
    buckets = Buckets(centre, scale)
    (place,) = reference.bucketed(np.array([number]), buckets).tolist()
    low, high = buckets.span(place)
    away = abs(number - centre)
    if away > buckets.reach:
        assert abs(place) == abs(reference.bucketed(np.array([centre + 2 * buckets.reach]), buckets)[0])
        return
    slack = 1e-9 * math.hypot(away, scale) + 1e-15 * abs(centre)
    assert low - slack <= number <= high + slack
    assert high - low <= ERROR * math.hypot(away, scale) * (1 + ERROR)


@given(centres, scales, st.lists(numbers, min_size=2, max_size=50))
def test_buckets_rise_with_the_numbers(centre: float, scale: float, drawn: list[float]) -> None:
    """And are mirrored at the centre."""
    buckets = Buckets(centre, scale)
    places = reference.bucketed(np.array(sorted(drawn)), buckets).tolist()
    assert places == sorted(places)
    around = Buckets(0.0, scale)
    values = np.array(drawn)
    assert (reference.bucketed(-values, around) == -reference.bucketed(values, around)).all()
    assert np.abs(places).max() < 2**15


@pytest.mark.parametrize(
    ("edges", "centre", "scale"),
    [
        (tuple(map(float, range(21))), 10.0, 10.0),  # quartiles 5 and 15
        ((1.0, 2.0, 4.0), 2.0, 3.0),
        ((0.0, 7.0), 7.0, 7.0),
        ((3.0, 3.0), 3.0, 1.0),  # one value alone
    ],
)
def test_buckets_are_around_the_middle_of_what_was_trained_on(
    edges: tuple[float, ...], centre: float, scale: float
) -> None:
    """As wide as the distance between its quartiles says, or where that is nothing, its range."""
    assert Buckets.of(Histogram(edges, (1,) * (len(edges) - 1))) == Buckets(centre, scale)


def test_a_histogram_has_its_rows_by_bucket_too() -> None:
    """Those of a reference, and packages made before there were any are still read."""
    values = np.random.default_rng(1).normal(1013, 5, 2000)
    found = reference.histogram(np.append(values, np.nan))
    assert sum(found.buckets.values()) == sum(found.counts) == 2000
    assert 100 < len(found.buckets) < 250
    text = msgspec.json.encode(found)
    assert msgspec.json.decode(text, type=Histogram) == found
    before = b'{"kind":"histogram","edges":[0.0,1.0],"counts":[3],"missing":0}'
    assert msgspec.json.decode(before, type=Histogram).buckets == {}
