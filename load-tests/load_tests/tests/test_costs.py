"""The tables of what each layer costs."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from load_tests import costs
from load_tests.comparison import ALONE, Comparison
from load_tests.tests.sights import P50_MS, made

MACHINE = {"cpu": "a processor", "python": "3.11", "date": "today"}


def _row(comparison: Comparison, title: str) -> list[str]:
    _, rows = costs.layers(comparison)
    return next(row for row in rows if row[0] == title)


def test_a_layer_is_told_beside_the_one_under_it_and_the_direct_way() -> None:
    """In microseconds with their intervals; other proxies are no layers."""
    found = made(P50_MS)
    assert _row(found, "direct")[1:5] == ["0.180", "", "", ""]
    key = _row(found, "key")
    assert key[2] == "the key: +20 (+20 to +20)"
    assert key[3] == "+210 (+210 to +210)"
    assert key[4] == "+420 (+420 to +420)"
    assert key[5:8] == ["92", "10,870", "50"]
    assert _row(found, "HAProxy")[2:4] == ["", "+85 (+85 to +85)"]


def test_layers_that_were_left_out_leave_a_gap() -> None:
    """A way whose lower layer was not measured is compared with the direct one only."""
    found = made({"direct": 0.2, "policy": 0.5})
    assert _row(found, "full policy")[2:4] == ["", "+300 (+300 to +300)"]


def test_loads_are_columns() -> None:
    """Every way but the direct one, at every load."""
    head, rows = costs.loads(made(P50_MS), "p99")
    assert head == ("p99 over direct", ALONE, "500/s")
    assert rows[0] == ["bare gateway", *["+300 (+300 to +300)"] * 2]
    assert len(rows) == len(P50_MS) - 1


@pytest.mark.parametrize(("policy", "said"), [(0.42, "met"), (0.49, "missed")])
def test_the_goals_are_told(policy: float, said: str) -> None:
    """Met or missed, over the direct way and over bare routing; problems are told instead of the all-clear."""
    found = made(P50_MS | {"policy": policy})
    text = costs.text(found)
    assert f"full policy over direct: +{policy - 0.18:.3f} ms, goal at most 0.30: {said}" in text
    assert f"full policy over bare gateway: +{policy - 0.33:.3f} ms, goal at most 0.10: {said}" in text
    assert "every status 2xx" in text
    broken = replace(found, sights=[replace(found.sights[0], problems=["3 timeouts"]), *found.sights[1:]])
    assert "PROBLEM: direct, round 1: 3 timeouts" in costs.text(broken)
    assert "every status 2xx" not in costs.text(broken)


def test_few_rounds_have_no_intervals() -> None:
    """And the report says so."""
    found = made(P50_MS)
    few = replace(found, sights=[one for one in found.sights if one.number <= 3])
    assert _row(few, "key")[2] == "the key: +20"
    assert "for which 3 are too few" in costs.text(few)


def test_a_first_request_is_told_beside_a_warm_one() -> None:
    """Once for a key that is new to a warm gateway, after the keys were read again, and after a start."""
    firsts = made(P50_MS).firsts
    assert firsts is not None
    _, rows = costs.firsts(firsts)
    assert [row[1].split(" ")[0] for row in rows] == ["+500", "+800", "+1,100"]


@pytest.mark.parametrize("keys", [tuple(P50_MS), ("direct", "policy"), ("direct", "policy", "nginx")])
def test_everything_is_written(keys: tuple[str, ...], tmp_path: Path) -> None:
    """JSON with every interval and round, Markdown that shows the plot, the plot."""
    found = made({key: P50_MS[key] for key in keys}, jitter=0.01)
    data, page, plot = costs.write(found, MACHINE, tmp_path, "some")
    told = json.loads(data.read_text())
    assert told["added_ms"]["policy"]["over_direct"][ALONE]["p50"]["low"] < 0.24
    assert len(told["rounds"]) == len(found.sights)
    assert len(told["first_requests"]["starts"]) == 9
    assert ("over_the_layer_under_it" in told["added_ms"]["policy"]) == ("allowlist" in keys)
    assert "![What each layer costs](some.png)" in page.read_text()
    assert plot.read_bytes().startswith(b"\x89PNG")
