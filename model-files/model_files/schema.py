"""What goes into a model: its features, inferred from data, reviewed by a person, and held against rows.

A schema is a small JSON file, so that a person can put right what no inference can know: that an integer is really a
category, that a range is wider than the data shows, that a column is the month.
"""

from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from model_files.manifest import Category, Feature

MOST_CATEGORIES = 1000
LARGEST_EXACT = 2**24  # float32, which the graph is fed, holds every integer up to here

Value = str | int | float | bool | None


class SchemaError(ValueError):
    """A schema or data that do not fit; the message names the column, what it holds and what was expected."""


class Schema(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The reviewable file: the target's column and the features in the model's order."""

    target: str
    features: tuple[Feature, ...]
    schema: Literal[1] = 1


def load(path: Path) -> Schema:
    """Read a schema file.

    Raises:
        SchemaError: if it is missing or is not a schema.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Schema)
    except OSError as error:
        raise SchemaError(f"{path}: {error.strerror}, expected a schema") from error
    except msgspec.DecodeError as error:
        raise SchemaError(f"{path}: {error}") from error


def encode(schema: Schema) -> bytes:
    """Write a schema as indented JSON with a final newline."""
    return msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"


def infer(data: pd.DataFrame, target: str, columns: list[str] | None = None) -> Schema:
    """Infer the features from data: text is categorical, whole numbers are integers, and ranges are what is seen.

    Args:
        data: The rows that the model was trained on, with the target.
        target: The name of the target's column.
        columns: The features in the model's order; by default every other column in the data's order.

    Raises:
        SchemaError: if a column is not there, or cannot be a feature.
    """
    if columns is None:
        columns = [str(column) for column in data.columns if column != target]
    for column in [*columns, target]:
        if column not in data.columns:
            raise SchemaError(f"{column!r} is not in the data, whose columns are {list(data.columns)}")
    if not len(data):
        raise SchemaError("the data has no rows")
    return Schema(target, tuple(_feature(column, data[column]) for column in columns))


def describe(schema: Schema) -> str:
    """The features as text for people, one a line."""
    wide = max(len(feature.name) for feature in schema.features)
    return "\n".join(f"  {feature.name:<{wide}}  {feature.type:<11}  {_extent(feature)}" for feature in schema.features)


def conform(data: pd.DataFrame, features: tuple[Feature, ...], *, unseen: bool = False) -> pd.DataFrame:
    """Hold data against the features, and give back just them, typed.

    Text stays text, integers become int64, booleans bool, numbers float64; integers that may be missing become float64
    with NaN.

    Args:
        data: Rows with at least the features' columns.
        features: The features in order.
        unseen: Whether a value that is no category passes.

    Raises:
        SchemaError: naming the column, the value and what was expected.
    """
    missing = [feature.name for feature in features if feature.name not in data.columns]
    if missing:
        raise SchemaError(f"{missing[0]!r} is not in the data, whose columns are {list(data.columns)}")
    return pd.DataFrame(
        {feature.name: _column(feature, data[feature.name], unseen=unseen) for feature in features}, index=data.index
    )


def rounded(frame: pd.DataFrame, features: tuple[Feature, ...]) -> pd.DataFrame:
    """Rows that conform, with numbers rounded to the float32 that the graph is fed."""
    numbers = {f.name: frame[f.name].astype("float32").astype("float64") for f in features if f.type == "number"}
    return frame.assign(**numbers)


def tensors(frame: pd.DataFrame, features: tuple[Feature, ...]) -> dict[str, npt.NDArray[Any]]:
    """The graph's inputs for rows that conform: ``codes`` int64 [n, C] and ``numbers`` float32 [n, K], where any."""
    inputs: dict[str, npt.NDArray[Any]] = {}
    categorical = [feature for feature in features if feature.type == "categorical"]
    numeric = [feature.name for feature in features if feature.type != "categorical"]
    if categorical:
        columns = [pd.Index(feature.categories).get_indexer(frame[feature.name]) for feature in categorical]
        inputs["codes"] = np.column_stack(columns).astype(np.int64)
    if numeric:
        inputs["numbers"] = np.ascontiguousarray(frame[numeric].to_numpy(dtype=np.float32))
    return inputs


def values(frame: pd.DataFrame) -> tuple[tuple[Value, ...], ...]:
    """Rows that conform as JSON values, in the order of the columns; a missing number is null."""
    columns = [[None if value != value else value for value in frame[name].tolist()] for name in frame]  # noqa: PLR0124 - NaN
    return tuple(zip(*columns, strict=True))


def _feature(name: str, column: pd.Series) -> Feature:
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = pd.Series(column.tolist(), index=column.index)
    nullable = bool(column.isna().any())
    if nullable and column.isna().all():
        raise SchemaError(f"{name!r} holds no value at all")
    if pd.api.types.is_bool_dtype(column.dtype):
        return Feature(name, "boolean")
    if pd.api.types.is_numeric_dtype(column.dtype):
        present = column.dropna().astype("float64")
        if not np.isfinite(present).all():
            raise SchemaError(f"{name!r} holds an infinite number")
        whole = pd.api.types.is_integer_dtype(column.dtype)
        bounds = (float(present.min()), float(present.max()))
        return Feature(name, "integer" if whole else "number", range=bounds, nullable=nullable)
    if nullable:
        raise SchemaError(
            f"{name!r} is text and misses {int(column.isna().sum())} values, and only a number may be missing: "
            "fill them with a word of their own, or drop the rows"
        )
    values = column.unique().tolist()
    if not all(isinstance(value, str) for value in values):
        kinds = sorted({type(value).__name__ for value in values})
        raise SchemaError(f"{name!r} holds {', '.join(kinds)}, expected text, whole numbers, numbers or booleans")
    if len(values) > MOST_CATEGORIES:
        raise SchemaError(
            f"{name!r} holds {len(values):,} different texts, expected at most {MOST_CATEGORIES:,} categories: "
            "it looks like an identifier or free text"
        )
    return Feature(name, "categorical", tuple(sorted(values)))


def _column(feature: Feature, column: pd.Series, *, unseen: bool) -> pd.Series:
    if feature.type == "categorical":
        return _categories(feature, column, unseen=unseen and feature.calendar is None)
    if column.isna().any() and not feature.nullable:
        raise SchemaError(f"{feature.name!r} misses {int(column.isna().sum())} values, and may miss none")
    if feature.type == "boolean":
        _refuse(feature, column, ~column.isin([True, False]), "true or false")
        return column.astype(bool)
    numbers = pd.to_numeric(column, errors="coerce").astype("float64")
    _refuse(feature, column, (numbers.isna() & column.notna()) | np.isinf(numbers), "a finite number")
    if feature.range is not None:
        low, high = feature.range
        _refuse(feature, column, (numbers < low) | (numbers > high), f"{low:g} to {high:g}")
    if feature.type == "number":
        return numbers
    _refuse(feature, column, numbers.notna() & (numbers % 1 != 0), "a whole number")
    exact = f"at most {LARGEST_EXACT:,} either way: beyond, a model fed with float32 cannot tell integers apart"
    _refuse(feature, column, numbers.abs() > LARGEST_EXACT, exact)
    return numbers if feature.nullable else numbers.astype("int64")


def _categories(feature: Feature, column: pd.Series, *, unseen: bool) -> pd.Series:
    if column.isna().any():
        raise SchemaError(f"{feature.name!r} misses {int(column.isna().sum())} values, expected a category")
    values = pd.Series(column.tolist(), index=column.index)
    if not unseen:
        expected = f"one of its {len(feature.categories)} categories: {_listed(feature.categories)}"
        _refuse(feature, values, ~values.isin(feature.categories), expected)
    return values.astype("int64") if isinstance(feature.categories[0], int) else values


def _refuse(feature: Feature, column: pd.Series, wrong: pd.Series, expected: str) -> None:
    """Raise for the first value that is wrong, if there is one."""
    if wrong.any():
        value = column[wrong].tolist()[0]
        raise SchemaError(f"{feature.name!r} holds {value!r}, expected {expected}")


def _extent(feature: Feature) -> str:
    if feature.categories:
        return f"{len(feature.categories)} categories: {_listed(feature.categories)}"
    if feature.type == "boolean":
        return "true or false"
    numbers = f"{feature.range[0]:g} to {feature.range[1]:g}" if feature.range else "any"
    return numbers + (", may be missing" if feature.nullable else "")


def _listed(categories: tuple[Category, ...], most: int = 8) -> str:
    shown = ", ".join(repr(category) for category in categories[:most])
    return shown + (", ..." if len(categories) > most else "")
