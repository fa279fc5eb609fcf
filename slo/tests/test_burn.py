"""Burn windows: the factors, and what an objective can reach of them."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from slo.burn import Windows, seconds
from slo.document import SpecError
from slo.rules import groups
from slo.spec import Spec
from slo.tests.conftest import ROOM


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


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("long: 1h, short: 5m", "long: 5m, short: 5m", "30d.page[0].short: 5m came, expected less than 5m"),
        ("long: 1h", "long: 0h", "30d.page[0].long: "),
        ("budget: 0.02", "budget: 0", "30d.page[0].budget: 0 came, expected a part of 1, more than 0"),
        ("budget: 0.02", "budget: 2", "30d.page[0].budget: 2 came, expected a part of 1, more than 0"),
        ("28d:", "29d:", "Invalid enum value '29d'"),
    ],
)
def test_mistakes_in_the_table(tmp_path: Path, old: str, new: str, said: str) -> None:
    """With file, line and field."""
    text = (ROOM / "burn-windows.yaml").read_text()
    path = tmp_path / "windows.yaml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(SpecError) as told:
        Windows.read(path)
    assert str(told.value).startswith(f"{path}:")
    assert said in str(told.value)


def test_every_period_has_windows(tmp_path: Path) -> None:
    """An objective of that period would have none."""
    path = tmp_path / "windows.yaml"
    path.write_text((ROOM / "burn-windows.yaml").read_text().partition("month:")[0])
    with pytest.raises(SpecError) as told:
        Windows.read(path)
    assert [line.partition(": month: ")[2] for line in str(told.value).splitlines()] == [
        "expected at least one pair of windows for a page",
        "expected at least one pair of windows for a ticket",
    ]


def test_other_windows_are_recorded(tmp_path: Path, specs: dict[str, Spec]) -> None:
    """What an alert reads is there; up to six hours it is read from the counters."""
    path = tmp_path / "windows.yaml"
    text = (ROOM / "burn-windows.yaml").read_text()
    path.write_text(text.replace("long: 1h, short: 5m", "long: 3h, short: 15m").replace("long: 1d", "long: 12h"))
    made = groups(specs["gateway-availability"], Windows.read(path))
    records = {rule.record: rule.expr for rule in made[0].rules}
    read = {name for rule in made[2].rules for name in re.findall(r"slo:sli_error:ratio_rate\w+", rule.expr)}
    assert {f"slo:sli_error:ratio_rate{window}" for window in ("3h", "15m", "12h")} <= read <= set(records)
    assert "gateway_requests_total" in records["slo:sli_error:ratio_rate3h"]
    assert "gateway_requests_total" not in records["slo:sli_error:ratio_rate12h"]


@pytest.mark.parametrize(("text", "expected"), [("5m", 300), ("3d", 259_200), ("30s", 30)])
def test_durations(text: str, expected: int) -> None:
    """As Prometheus writes them."""
    assert seconds(text) == expected
    with pytest.raises(ValueError, match="is no duration"):
        seconds(text + "x")
