"""A value has one code, in Python and in the database."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitoring.counting.coding import ABOVE, BELOW, INVALID, MISSING, UNSEEN, Bins, Categories, Coding
from monitoring.counting.segments import Segment
from monitoring.counting.store import Store

CITIES = Categories(("Lima", "Ñuñoa", 'say "A, B"', ""))
MONTHS = Categories((1, 7, 12))
FLAGS = Categories((False, True))
AGES = Bins((0.0, 1.5, 1.5000001, 40.0))
LONE = Bins((3.0, 3.0))


def codes(folder: Path, coding: Coding, values: list[Any], *, truth: bool = False) -> list[int]:
    """What the database says of JSON values."""
    path = folder / "values.jsonl"
    path.write_text(
        "".join(json.dumps({"place": str(place), "value": value}) + "\n" for place, value in enumerate(values))
    )
    with Store() as store:
        table = store.read([Segment(path, 0)], {"place": "string", "value": "json"})
        expression = coding.truth(table.value) if truth else coding.expression(table.value)  # type: ignore[union-attr]
        found: dict[str, int] = dict(store.fetch(table.select(table.place, code=expression)))
    return [found[str(place)] for place in range(len(values))]


@pytest.mark.parametrize(
    ("coding", "value", "code"),
    [
        (CITIES, "Lima", 0),
        (CITIES, "Ñuñoa", 1),
        (CITIES, 'say "A, B"', 2),
        (CITIES, "", 3),
        (CITIES, "lima", UNSEEN),
        (CITIES, 1, INVALID),
        (CITIES, None, MISSING),
        (CITIES, "null", UNSEEN),
        (MONTHS, 7, 1),
        (MONTHS, 13, UNSEEN),
        (MONTHS, "7", INVALID),
        (MONTHS, -1, UNSEEN),
        (FLAGS, True, 1),
        (FLAGS, 1, INVALID),
        (AGES, 0, 0),
        (AGES, 1.5, 1),
        (AGES, 40, 2),
        (AGES, 40.5, ABOVE),
        (AGES, -0.1, BELOW),
        (AGES, "1", INVALID),
        (AGES, True, INVALID),
        (AGES, None, MISSING),
        (LONE, 3, 0),
        (LONE, 4, ABOVE),
    ],
)
def test_the_database_codes_what_was_logged(tmp_path: Path, coding: Coding, value: Any, code: int) -> None:
    """Known values by their place; missing, unseen, of another type and out of range by codes of their own."""
    assert codes(tmp_path, coding, [value]) == [code]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.floats(-5, 60) | st.integers(-5, 60), min_size=1, max_size=50))
def test_numbers_have_the_same_bin_in_python_and_in_the_database(tmp_path: Path, values: list[float]) -> None:
    """Edges included."""
    assert codes(tmp_path, AGES, values) == [AGES.code(value) for value in values]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=5).filter(lambda text: "\x00" not in text), min_size=1, max_size=20, unique=True))
def test_any_text_is_a_category(tmp_path: Path, values: list[str]) -> None:
    """Quotes, backslashes and other alphabets are nothing special."""
    coding = Categories(tuple(values))
    assert codes(tmp_path, coding, [*values, "another one"]) == [*range(len(values)), UNSEEN]


def test_codes_have_names_for_people() -> None:
    """Values, bins, and what has no place."""
    assert CITIES.name(0) == "Lima"
    assert MONTHS.name(UNSEEN) == "unseen"
    assert [AGES.name(code) for code in (0, 2, BELOW)] == ["[0, 1.5)", "[1.5, 40]", "below"]


@pytest.mark.parametrize(
    ("classes", "label", "code"),
    [
        ((0, 1), 1, 1),
        ((0, 1), 1.0, 1),
        ((0, 1), True, 1),
        ((0, 1), False, 0),
        ((0, 1), "1", UNSEEN),
        ((0, 1), 2, UNSEEN),
        (("early", "late"), "late", 1),
        (("early", "late"), 1, UNSEEN),
        ((3, 5), True, UNSEEN),
        (("no", 0), False, 1),
    ],
)
def test_a_truth_is_understood_as_people_write_it(
    tmp_path: Path, classes: tuple[Any, ...], label: Any, code: int
) -> None:
    """1, 1.0 and true are one class; what is none is a stranger."""
    assert codes(tmp_path, Categories(classes), [label], truth=True) == [code]
