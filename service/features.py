"""One feature of a model's input: its type for the decoder, what fits it, and what it takes in words."""

import json
import math
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from model_files.manifest import Feature
from service.invalid_input import EXACT_INTEGER, escape, shown
from service.problem import FieldError

_FLOAT32_MAX = float(np.finfo(np.float32).max)
_LISTED = 40


def bounds(feature: Feature) -> tuple[float, float]:
    """The least and the most that a number may be, inclusive: its range, within what the graph's numbers can hold."""
    limit = EXACT_INTEGER if feature.type == "integer" else _FLOAT32_MAX
    low, high = feature.range or (-limit, limit)
    low, high = max(low, -limit), min(high, limit)
    return (math.ceil(low), math.floor(high)) if feature.type == "integer" else (low, high)


def field_type(feature: Feature) -> Any:
    """What a value of a feature is to msgspec's decoder, bounds included; a category is checked by its look-up."""
    kind: Any
    low, high = bounds(feature)
    match feature.type:
        case "categorical":
            kinds = {type(category) for category in feature.categories}
            kind = str | int if len(kinds) > 1 else kinds.pop()
        case "boolean":
            kind = bool
        case "integer":
            kind = Annotated[int, Meta(ge=int(low), le=int(high))]
        case _:
            kind = Annotated[float, Meta(ge=low, le=high)]
    return kind | None if feature.nullable else kind


def fits(feature: Feature, value: Any) -> bool:
    """Whether a JSON value has the type and the range of a feature; an unseen category fits, its type being right."""
    if value is None:
        return feature.nullable
    match feature.type:
        case "categorical":
            return any(_same_type(value, category) for category in feature.categories)
        case "boolean":
            return isinstance(value, bool)
        case "integer" if not _integral(value):
            return False
        case _ if isinstance(value, bool) or not isinstance(value, int | float):
            return False
    low, high = bounds(feature)
    return low <= value <= high


def normal(feature: Feature, value: Any) -> Any:
    """A value that fits as the decoder would have made it: a whole number an int, any other number a float."""
    if feature.type == "number" and value is not None:
        return float(value)
    return int(value) if isinstance(value, float) else value


def expectation(feature: Feature) -> str:
    """In words, what a feature takes."""
    match feature.type:
        case "categorical":
            listed = ", ".join(json.dumps(category, ensure_ascii=False) for category in feature.categories[:_LISTED])
            more = len(feature.categories) - _LISTED
            return f"one of {listed}" + (f" and {more} more" if more > 0 else "")
        case "boolean":
            return "true or false"
        case _:
            kind = "a whole number" if feature.type == "integer" else "a finite number"
            between = f" from {_plain(feature.range[0])} to {_plain(feature.range[1])}" if feature.range else ""
            return kind + between + (" or null" if feature.nullable else "")


def feature_error(pointer: str, feature: Feature, value: Any, *, at_field: bool = False) -> FieldError:
    """What is wrong with a feature's value; ``pointer`` is the instance's, or with ``at_field`` the value's own."""
    where = pointer if at_field else f"{pointer}/{escape(feature.name)}"
    return FieldError(where, feature.name, shown(value), expectation(feature))


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) and abs(number) < EXACT_INTEGER else str(number)


def _integral(value: Any) -> bool:
    return not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))


def _same_type(value: Any, category: Any) -> bool:
    return isinstance(value, str) if isinstance(category, str) else _integral(value)
