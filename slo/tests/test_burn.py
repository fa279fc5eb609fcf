"""Burn windows: the factors, and what an objective can reach of them."""

from decimal import Decimal

import pytest

from slo.burn import Windows, seconds
from slo.spec import Spec


def test_factors_are_the_workbooks(windows: Windows, specs: dict[str, Spec]) -> None:
    """Of 30 days: 14.4 and 6 for a page, 3 and 1 for a ticket; exact, without float noise."""
    spec = specs["gateway-availability"]
    assert [str(pair.factor.normalize()) for pair in windows.all_pairs(spec, "page")] == ["14.4", "6"]
    assert [str(pair.factor.normalize()) for pair in windows.all_pairs(spec, "ticket")] == ["3", "1"]
    assert windows.all_pairs(spec, "page")[0].threshold(spec) == Decimal("0.0072")


def test_four_weeks_have_factors_of_their_own(windows: Windows) -> None:
    """The same parts of a shorter period."""
    pages = windows.by_period["28d"]["page"]
    assert [pair.factor for pair in pages] == [Decimal("13.44"), Decimal("5.6")]


def test_what_cannot_be_reached_is_left_out(windows: Windows, specs: dict[str, Spec]) -> None:
    """At 90 % an error ratio of 14.4 x 0.1 would be needed, and there is none above 1."""
    assert [pair.long for pair in windows.pairs(specs["latency"], "page")] == ["6h"]


@pytest.mark.parametrize(("text", "expected"), [("5m", 300), ("3d", 259_200), ("30s", 30)])
def test_durations(text: str, expected: int) -> None:
    """As Prometheus writes them."""
    assert seconds(text) == expected
    with pytest.raises(ValueError, match="is no duration"):
        seconds(text + "x")
