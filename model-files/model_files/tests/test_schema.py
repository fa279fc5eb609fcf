"""Schemas: inferred, reviewed, and held against rows with messages that name the column and the value."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_files import schema
from model_files.manifest import Feature
from model_files.schema import Schema, SchemaError

DATA = pd.DataFrame(
    {
        "city": ["Lima", "Arica", "Lima"],
        "age": [31.5, np.nan, 18.0],
        "stops": [0, 2, 1],
        "member": [True, False, True],
        "outcome": [0, 1, 1],
    }
)


def test_types_ranges_and_categories_are_inferred() -> None:
    """Text is categorical by alphabet, whole numbers are integers, a missing number makes it nullable."""
    assert schema.infer(DATA, "outcome").features == (
        Feature("city", "categorical", ("Arica", "Lima")),
        Feature("age", "number", range=(18, 31.5), nullable=True),
        Feature("stops", "integer", range=(0, 2)),
        Feature("member", "boolean"),
    )


def test_the_estimators_columns_come_in_its_own_order() -> None:
    """And no others."""
    assert [f.name for f in schema.infer(DATA, "outcome", ["stops", "city"]).features] == ["stops", "city"]


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (["a", None, "b"], "'f' is text and misses 1 values, and only a number may be missing"),
        ([None, None, None], "'f' holds no value at all"),
        ([1.0, np.inf, 2.0], "'f' holds an infinite number"),
        (["a", 1, 2.5], "'f' holds float, int, str, expected text"),
    ],
)
def test_a_column_that_cannot_be_a_feature_is_refused(column: list[Any], reason: str) -> None:
    """With the column's name and what it holds."""
    with pytest.raises(SchemaError, match=reason):
        schema.infer(pd.DataFrame({"f": column, "y": 0}), "y")


def test_free_text_is_no_category() -> None:
    """A thousand different words are an identifier."""
    data = pd.DataFrame({"f": [f"flight {i}" for i in range(1001)], "y": 0})
    with pytest.raises(SchemaError, match="1,001 different texts, expected at most 1,000"):
        schema.infer(data, "y")


def test_a_column_that_is_not_there_is_named() -> None:
    """The target's, or one that the estimator wants."""
    with pytest.raises(SchemaError, match="'late' is not in the data"):
        schema.infer(DATA, "late")
    with pytest.raises(SchemaError, match="'height' is not in the data"):
        schema.conform(DATA, (Feature("height", "number"),))


@pytest.mark.parametrize(
    ("feature", "column", "reason"),
    [
        (Feature("f", "categorical", ("a",)), ["a", "b"], "'f' holds 'b', expected one of its 1 categories: 'a'"),
        (Feature("f", "categorical", (1, 2)), [1, 7], "'f' holds 7, expected one of its 2 categories"),
        (Feature("f", "categorical", ("a",)), ["a", None], "'f' misses 1 values"),
        (Feature("f", "number"), [1.0, None], "'f' misses 1 values, and may miss none"),
        (Feature("f", "number"), ["1", "x"], "'f' holds 'x', expected a finite number"),
        (Feature("f", "number"), [1.0, -np.inf], "'f' holds -inf, expected a finite number"),
        (Feature("f", "number", range=(0, 5)), [1, 6], "'f' holds 6, expected 0 to 5"),
        (Feature("f", "integer"), [1.0, 1.5], "'f' holds 1.5, expected a whole number"),
        (Feature("f", "integer"), [2**24 + 1], "'f' holds 16777217, expected at most 16,777,216"),
        (Feature("f", "boolean"), [True, "yes"], "'f' holds 'yes', expected true or false"),
    ],
)
def test_rows_that_do_not_fit_are_refused(feature: Feature, column: list[Any], reason: str) -> None:
    """With the column, the first wrong value and what was expected."""
    with pytest.raises(SchemaError, match=reason):
        schema.conform(pd.DataFrame({"f": column}), (feature,))


def test_a_stranger_passes_where_it_may_but_never_in_a_calendar() -> None:
    """There is no thirteenth month."""
    city, month = Feature("f", "categorical", ("a",)), Feature("f", "categorical", (1, 2), calendar="month")
    assert schema.conform(pd.DataFrame({"f": ["b"]}), (city,), unseen=True)["f"].tolist() == ["b"]
    with pytest.raises(SchemaError, match="'f' holds 13"):
        schema.conform(pd.DataFrame({"f": [13]}), (month,), unseen=True)


def test_tensors_hold_codes_and_numbers_in_the_features_order() -> None:
    """-1 for a stranger, NaN for a missing number, 1 for true."""
    features = schema.infer(DATA, "outcome").features
    frame = schema.conform(DATA.assign(city=["Lima", "Arica", "Quito"]), features, unseen=True)
    tensors = schema.tensors(frame, features)
    assert tensors["codes"].tolist() == [[1], [0], [-1]]
    np.testing.assert_array_equal(
        tensors["numbers"], np.array([[31.5, 0, 1], [np.nan, 2, 0], [18, 1, 1]], dtype=np.float32)
    )
    assert (tensors["codes"].dtype.name, tensors["numbers"].dtype.name) == ("int64", "float32")


def test_an_input_without_columns_is_absent() -> None:
    """A model of numbers alone has no codes, and the other way round."""
    features = schema.infer(DATA, "outcome").features
    frame = schema.conform(DATA, features)
    assert set(schema.tensors(frame, features[:1])) == {"codes"}
    assert set(schema.tensors(frame, features[1:])) == {"numbers"}


@given(st.lists(st.floats(-1e30, 1e30), min_size=1, max_size=20))
def test_numbers_conform_once_and_for_all(numbers: list[float]) -> None:
    """Doing it again changes nothing; rounding gives what a float32 holds."""
    feature = (Feature("f", "number"),)
    once = schema.conform(pd.DataFrame({"f": numbers}), feature)
    assert once["f"].tolist() == numbers
    assert schema.conform(once, feature).equals(once)
    assert schema.rounded(once, feature)["f"].tolist() == np.array(numbers, dtype=np.float32).astype(float).tolist()


def test_a_schema_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    """A person edits it in between."""
    path = tmp_path / "schema.json"
    inferred = schema.infer(DATA, "outcome")
    path.write_bytes(schema.encode(inferred))
    assert schema.load(path) == inferred


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"target": "y"}', "missing required field `features`"),
        ('{"target": "y", "features": [], "colour": 1}', "unknown field `colour`"),
        (
            '{"target": "y", "features": [{"name": "f", "type": "text"}]}',
            r"Invalid enum value 'text'.*features\[0\]\.type",
        ),
    ],
)
def test_a_schema_file_that_is_off_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    """The message names the file and the field."""
    path = tmp_path / "schema.json"
    path.write_text(text)
    with pytest.raises(SchemaError, match=reason):
        schema.load(path)


def test_people_are_shown_one_feature_a_line() -> None:
    """Name, type and what it may be."""
    assert schema.describe(Schema("y", schema.infer(DATA, "outcome").features)).splitlines() == [
        "  city    categorical  2 categories: 'Arica', 'Lima'",
        "  age     number       18 to 31.5, may be missing",
        "  stops   integer      0 to 2",
        "  member  boolean      true or false",
    ]
