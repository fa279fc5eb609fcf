"""Cells of a table as the JSON values that a feature takes.

A cell that does not fit goes on as it is: the service then says what came and what it expected, in one place for every
caller.
"""

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,18}")
_FLAGS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

Converter = Callable[[Any], Any]


def converter(kind: str, categories: Sequence[Any] = ()) -> Converter:
    """What makes cells of a column into values of a feature, by the feature's type.

    A cell is text (CSV) or what Parquet holds. An empty number is null, and so is NaN, which JSON does not have.
    """
    match kind:
        case "categorical":
            names = {category for category in categories if isinstance(category, str)}
            if len(names) == len(categories):
                return _plain
            return lambda cell: cell if isinstance(cell, str) and cell in names else _number(cell)
        case "integer" | "number":
            return _number
        case "boolean":
            return _flag
        case _:
            return _plain


def _number(cell: Any) -> Any:
    if not isinstance(cell, str):
        return _plain(cell)
    text = cell.strip()
    if not text:
        return None
    if _WHOLE.fullmatch(text):
        return int(text)
    try:
        number = float(text)
    except ValueError:
        return cell
    return cell if math.isinf(number) or "_" in text else _plain(number)


def _flag(cell: Any) -> Any:
    if not isinstance(cell, str):
        return _plain(cell)
    text = cell.strip().lower()
    return _FLAGS.get(text, cell) if text else None


def _plain(cell: Any) -> Any:
    match cell:
        case float():
            return cell if math.isfinite(cell) else None if math.isnan(cell) else str(cell)
        case None | str() | bool() | int():
            return cell
        case _:
            return _number(str(cell))  # Decimal and the like
