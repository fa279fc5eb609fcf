"""Cells become the JSON values that a feature takes; what does not fit goes on as it is, for the service to refuse."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.client.cell import converter

KINDS = ("categorical", "integer", "number", "boolean", "something new")


@pytest.mark.parametrize(
    ("kind", "categories", "cell", "value"),
    [
        ("categorical", ("I", "N"), "N", "N"),
        ("categorical", ("1", "2"), "1", "1"),
        ("categorical", ("I", "N"), "", ""),
        ("categorical", (1, 2), "2", 2),
        ("categorical", (1, 2), " 02 ", 2),
        ("categorical", (1, 2), "2.0", 2.0),
        ("categorical", (1, 2), "", None),
        ("categorical", ("low", 2), "2", 2),
        ("categorical", ("low", 2), "low", "low"),
        ("categorical", ("2", 2), "2", "2"),
        ("integer", (), "-7", -7),
        ("integer", (), "7.5", 7.5),
        ("integer", (), "seven", "seven"),
        ("integer", (), "1_000", "1_000"),
        ("integer", (), "9" * 30, float("9" * 30)),
        ("number", (), "1.5e3", 1500.0),
        ("number", (), "nan", None),
        ("number", (), "inf", "inf"),
        ("number", (), "  ", None),
        ("boolean", (), "True", True),
        ("boolean", (), "0", False),
        ("boolean", (), "", None),
        ("boolean", (), "perhaps", "perhaps"),
    ],
)
def test_text_becomes_what_the_feature_takes(kind: str, categories: tuple[Any, ...], cell: str, value: Any) -> None:
    """CSV holds text alone, so the feature's type decides what it means."""
    made = converter(kind, categories)(cell)
    assert made == value
    assert type(made) is type(value)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (7, 7),
        (True, True),
        (None, None),
        (0.5, 0.5),
        (float("nan"), None),
        (float("-inf"), "-inf"),
        (Decimal("1.25"), 1.25),
        (dt.date(2026, 1, 2), "2026-01-02"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_values_with_a_type_keep_it(kind: str, cell: Any, value: Any) -> None:
    """Parquet holds values; those that JSON has go on as they are."""
    assert converter(kind, (1, 2) if kind == "categorical" else ())(cell) == value


@given(
    st.sampled_from(KINDS),
    st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.decimals(), st.binary(), st.dates()),
)
def test_every_cell_becomes_json(kind: str, cell: Any) -> None:
    """Whatever a file holds can be sent, and nothing is lost on the way to an error but the spelling of a number."""
    for categories in ((), ("a",), (1,), ("a", 1)):
        json.dumps(converter(kind, categories)(cell), allow_nan=False)


@given(st.integers(min_value=-(2**53), max_value=2**53))
def test_whole_numbers_survive(number: int) -> None:
    """A whole number that JSON holds exactly arrives as itself."""
    assert converter("integer")(str(number)) == number
