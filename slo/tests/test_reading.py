"""Specs from files: what is wrong is told with file, line and field, all of it at once."""

from pathlib import Path

import pytest

from slo.burn import Windows
from slo.reading import SpecError, read_specs

GOOD = """\
name: checkout
title: Checkout answers
description: Whether it does.
owner: shop
objective: 99.9
sli:
  events:
    total: [{metric: requests_total}]
    bad: [{metric: requests_total, match: {code: "5.."}}]
alerting:
  text: It fails.
"""


def _read(folder: Path, windows: Windows, **files: str) -> str:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    try:
        read_specs(folder, windows)
    except SpecError as error:
        return str(error).replace(f"{folder}/", "")
    return ""


def test_a_good_spec_is_read_exactly(tmp_path: Path, windows: Windows) -> None:
    """99.9 is 99.9, and its budget 0.001."""
    (tmp_path / "checkout.yaml").write_text(GOOD)
    (spec,) = read_specs(tmp_path, windows)
    assert (str(spec.objective), str(spec.budget)) == ("99.9", "0.001")
    assert spec.alerting.severities == ("page", "ticket")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("99.9", "100", "checkout.yaml:5: objective: 100 came, expected percent"),
        ("99.9", "high", "checkout.yaml:5: objective: "),
        ("owner: shop", "owner: shop\nowners: two", "unknown field `owners`"),
        ("owner: shop", "owner: shop\nowner: two", "checkout.yaml:5: owner is there twice"),
        ("name: checkout", "name: other", "checkout.yaml:1: name: 'other' came, expected 'checkout'"),
        ("metric: requests_total}]", "metric: 7days}]", "checkout.yaml:8: sli.events.total[0].metric: "),
        ("99.9", "90\nwindow: 31d", "checkout.yaml:6: window: "),
        ("99.9", "30", "a page could never fire: 14.4 x 0.7 for 1h is 1 or more; 6 x 0.7 for 6h is 1 or more"),
        ("owner: shop", "owner: shop:\n  - {", "checkout.yaml:4: "),
        # What YAML, or a number, may be, and no spec.
        ("99.9", "nan", "checkout.yaml:5: objective: NaN came, expected a number"),
        ("Checkout answers", "ring \x07", "checkout.yaml: unacceptable character #x0007"),
        ("title: Checkout", "? [a]\n: Checkout", "checkout.yaml:2: expected a plain name"),
        ("Checkout answers", "&a [*a]", "checkout.yaml: something contains itself"),
        ("Checkout answers", '"two\\nlines"', "checkout.yaml:2: title: "),
        # What nothing could be proven of.
        ("5..", "(5..", "checkout.yaml:9: sli.events.bad[0]: '(5..' is no regular expression"),
        ("5..", "5.{2}", "checkout.yaml:9: sli.events.bad[0]: '5.{2}' came, of which no example is made"),
        ("{metric: requests_total}", '{metric: a, exclude: {b: ".*"}}', "sli.events.total[0]: no value of b was found"),
        (
            ', match: {code: "5.."}',
            "",
            "checkout.yaml:7: sli.events: no series was found that is of all events and not",
        ),
        # Alerts.
        (
            "  text: It fails.",
            "  text: x\n  severities: [page, page]",
            "checkout.yaml:12: alerting.severities: page, page",
        ),
    ],
)
def test_mistakes(tmp_path: Path, windows: Windows, old: str, new: str, said: str) -> None:
    """What came, and what was expected."""
    assert said in _read(tmp_path, windows, checkout=GOOD.replace(old, new, 1))


def test_exactly_one_kind_is_measured(tmp_path: Path, windows: Windows) -> None:
    """Neither none nor two."""
    events = GOOD[GOOD.index("  events:") : GOOD.index("alerting:")]
    none = GOOD.replace(events, "  {}\n")
    two = GOOD.replace(events, events + "  slices: {metric: up, below: 1}\n")
    assert "sli: nothing came, expected one of events" in _read(tmp_path, windows, checkout=none)
    assert "sli: events and slices came" in _read(tmp_path, windows, checkout=two)


def test_slices_have_one_limit(tmp_path: Path, windows: Windows) -> None:
    """Above or below it is bad; both or neither says nothing."""
    text = GOOD[: GOOD.index("  events:")] + "  slices: {metric: up}\n" + GOOD[GOOD.index("alerting:") :]
    assert "sli.slices: expected exactly one of above and below" in _read(tmp_path, windows, checkout=text)


def test_more_bad_slices_than_there_are_could_never_fire(tmp_path: Path, windows: Windows) -> None:
    """A window of three days has 8640 looks, one of six hours 720."""
    text = GOOD[: GOOD.index("  events:")] + "  slices: {metric: up, below: 1}\n" + GOOD[GOOD.index("alerting:") :]
    assert _read(tmp_path, windows, checkout=text + "  min_failures: 720\n") == ""
    assert (
        _read(tmp_path, windows, checkout=text + "  min_failures: 721\n")
        == "checkout.yaml:10: alerting.min_failures: 721 came: a page could never fire, its windows have 720 slices"
    )


def test_no_two_objectives_have_an_alert_of_one_name(tmp_path: Path, windows: Windows) -> None:
    """Where one of them would be lost, or take the other's place."""
    said = _read(tmp_path, windows, **{name: GOOD.replace("checkout", name) for name in ("p-99", "p99")})
    assert said == "p99.yaml:1: name: its alerts would be called as those of 'p-99'"


def test_another_ending_is_told(tmp_path: Path, windows: Windows) -> None:
    """A spec is not passed over silently."""
    (tmp_path / "other.yml").write_text(GOOD)
    assert _read(tmp_path, windows, checkout=GOOD) == "other.yml: expected a name that ends in .yaml"


@pytest.mark.parametrize("weight", ["0", "-1"])
def test_a_part_of_a_composite_weighs_something(tmp_path: Path, windows: Windows, weight: str) -> None:
    """Otherwise it is none."""
    sli = f"  composite: {{weights: {{checkout: 1, cart: {weight}}}}}\n"
    text = GOOD.replace("name: checkout", "name: all")
    text = text[: text.index("  events:")] + sli + text[text.index("alerting:") :]
    said = _read(tmp_path, windows, checkout=GOOD, cart=GOOD.replace("checkout", "cart"), all=text)
    assert said == f"all.yaml:7: sli.composite.weights.cart: {weight} came, expected more than 0"


def test_a_composite_names_what_is_measured(tmp_path: Path, windows: Windows) -> None:
    """Parts that are there, and are no composites themselves."""
    sli = "  composite: {weights: {checkout: 1, nothing: 2}}\n"
    text = GOOD.replace("name: checkout", "name: all")
    text = text[: text.index("  events:")] + sli + text[text.index("alerting:") :]
    said = _read(tmp_path, windows, checkout=GOOD, all=text)
    assert "'nothing' is no objective that is measured by itself" in said
    assert "'checkout'" not in said


def test_every_file_is_told_of(tmp_path: Path, windows: Windows) -> None:
    """Not only the first."""
    said = _read(tmp_path, windows, a="{}", b="", c="name: [")
    assert [line.split(":")[0] for line in said.splitlines()] == ["a.yaml", "b.yaml", "c.yaml"]
    with pytest.raises(SpecError, match="there is no"):
        read_specs(tmp_path / "none", windows)
