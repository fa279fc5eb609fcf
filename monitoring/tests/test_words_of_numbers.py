"""What pages say of numbers."""

import msgspec
import pytest

from monitoring.drift.numbers import SHARES
from monitoring.drift.subject import Check, Moved, Numbers, Subject
from monitoring.pages import numbers, words
from monitoring.pages.trend import Trend
from monitoring.report import Report
from monitoring.tests.canned import report

USUAL = dict(zip(map("{:g}".format, SHARES), (5.0, 12.0, 20.0, 30.0, 34.0, 40.0, 60.0, 70.0, 88.1), strict=True))
OLDER = {share: value + 17 for share, value in USUAL.items()} | {"1": 1_234_567.0}


def aged(found: Numbers, faults: dict[str, float] | None = None) -> Report:
    """A report in which the ages moved."""
    moved = (Moved("[60, 88.1]", 0.3, 0.05, 0.4), Moved("[5, 20)", 0.01, 0.05, 0.06))
    check = Check("distribution", 0.5, 1e-9, "alert")
    ages = Subject("age", 0.5, 0.5, 0.0, 1e-9, 20, "alert", (check,), moved, numbers=found)
    made = report(scores={"age": 0.5}, faults={"age": faults or {}})
    views = {view: msgspec.structs.replace(one, subjects=(ages,)) for view, one in made.views.items()}
    return msgspec.structs.replace(made, views=views)


def test_a_page_says_where_the_numbers_went() -> None:
    """The median, most of them, and what moved most of all."""
    made = aged(Numbers(OLDER, USUAL, 1.4))
    (line,) = words.movements(made, Trend((made,)))
    assert line.startswith(
        "Age moved: the median went from 34 to 51; 90% are between 37 and 77, in training between 20 and 60;"
        " [60, 88.1] 30%, 5.0% in training (+25.0 points)."
    )


def test_a_median_that_stayed_is_not_said_to_have_gone() -> None:
    """Only what is known of an old package is said, and that it is about so."""
    assert numbers.went(Numbers(USUAL, USUAL, 0.0)) == (
        "the median is 34 as in training; 90% are between 20 and 60, in training between 20 and 60"
    )
    assert "from about 34 to 51" in numbers.went(Numbers(OLDER, USUAL, None, coarse=True))
    assert "in training between about 20 and about 60" in numbers.went(Numbers(OLDER, USUAL, None, coarse=True))


def test_a_page_says_how_far_out_numbers_are() -> None:
    """What the training data reached, and what came; other faults are told without it."""
    low = USUAL | {"0": -3e12}
    lines = list(words.faults(aged(Numbers(OLDER, USUAL, 1.4), {"above": 0.02, "missing": 0.1})))
    assert lines == [
        "2.0% of age are numbers above any in training (88.1), up to 1,230,000.",
        "10% of age are missing values.",
    ]
    lines = list(words.faults(aged(Numbers(low, USUAL, 1.4), {"below": 0.02})))
    assert lines == ["2.0% of age are numbers below any in training (5), down to -3e12."]
    lines = list(words.faults(aged(Numbers(USUAL | {"1": 88.2}, USUAL, 0.0), {"above": 0.02})))
    assert lines == ["2.0% of age are numbers above any in training (88.1)."]


def test_faults_are_told_without_numbers_too() -> None:
    """Of a window with too few rows for a verdict."""
    assert list(words.faults(report(faults={"age": {"above": 0.02}}))) == [
        "2.0% of age are numbers above any in training."
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (34.04, "34"),
        (34.26, "34.3"),
        (40.26, "40.3"),
        (88.1, "88"),
        (1013.0, "1,010"),
        (-0.04, "0"),
        (5.1e11, "5.1e11"),
    ],
)
def test_a_number_has_the_digits_that_are_known(value: float, text: str) -> None:
    """Two percent of its distance from the middle; near the middle, of the distance between the quartiles."""
    assert numbers.written(value, Numbers(OLDER, USUAL, 1.4)) == text


def test_numbers_that_never_varied_are_written_too() -> None:
    """As they are."""
    same = dict.fromkeys(USUAL, 7.25)
    assert numbers.written(7.25, Numbers(same, same, None)) == "7.25"
    assert "7.25" in numbers.went(Numbers(same, same, None))


def test_a_plot_holds_both_sides() -> None:
    """From the lowest to the highest of both."""
    (row,) = numbers.rows(aged(Numbers(OLDER, USUAL, 1.4)).views["aligned"])
    here, there = row.boxes
    assert (there.low, here.high) == (0, 220)
    assert 0 < there.first < there.median < there.third < there.high < here.high
    assert row.pairs[4] == ("51", "34")


@pytest.mark.parametrize(("distance", "text"), [(1.404, "1.40 sd"), (2288.3, "2,288 sd"), (None, "-")])
def test_a_distance_is_told_in_standard_deviations(distance: float | None, text: str) -> None:
    """Where it is known."""
    (row,) = numbers.rows(aged(Numbers(OLDER, USUAL, distance)).views["aligned"])
    assert row.distance == text
