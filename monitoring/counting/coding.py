"""A value as the place that it has in the reference: the same in Python and as an Ibis expression over logged JSON."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import reduce
from operator import add, or_
from typing import Any, Final

import ibis

from model_files.reference_file import Histogram, Value, Values

_PLAIN = re.compile(r"[\w ]+")  # a key that needs no quotes in a JSON path

# Codes of values that have no place in the reference; all others are 0 or more.
MISSING: Final = -1  # null, or not there
UNSEEN: Final = -2  # a category that the reference does not know
INVALID: Final = -3  # of another type
BELOW: Final = -4  # a number below the reference's least
ABOVE: Final = -5  # a number above its largest

NAMES: Final = {MISSING: "missing", UNSEEN: "unseen", INVALID: "invalid", BELOW: "below", ABOVE: "above"}


@dataclass(frozen=True)
class Categories:
    """Values of which the reference knows every one: text, whole numbers or truth values."""

    values: tuple[Value, ...]

    def __len__(self) -> int:
        return len(self.values)

    def name(self, code: int) -> str:
        """A code in words."""
        return NAMES[code] if code < 0 else str(self.values[code])

    def code(self, value: Any) -> int:
        """The code of a value that the reference may know."""
        return self.values.index(value) if value in self.values else UNSEEN

    def expression(self, document: Any) -> Any:
        """The code of a JSON value, as an int16."""
        readings = {kind: document.unwrap_as(kind) for kind in map(_kind, self.values)}
        known = [
            (readings[_kind(value)] == value, ibis.literal(place, "int16")) for place, value in enumerate(self.values)
        ]
        is_of_a_kind = reduce(or_, (reading.notnull() for reading in readings.values()))
        return ibis.cases(
            (_is_missing(document), ibis.literal(MISSING, "int16")),
            *known,
            (is_of_a_kind, ibis.literal(UNSEEN, "int16")),
            else_=ibis.literal(INVALID, "int16"),
        )

    def truth(self, document: Any) -> Any:
        """The code of a JSON value that somebody wrote by hand: 1, 1.0 and true are all the class 1."""
        text, number, flag = (document.unwrap_as(kind) for kind in ("string", "float64", "boolean"))
        known = []
        for place, value in enumerate(self.values):
            is_value = text == value if isinstance(value, str) else number == value
            if value in {0, 1} and not isinstance(value, str):
                is_value = is_value.fill_null(False) | (flag == bool(value)).fill_null(False)
            known.append((is_value, ibis.literal(place, "int16")))
        return ibis.cases(*known, else_=ibis.literal(UNSEEN, "int16"))


@dataclass(frozen=True)
class Bins:
    """Numbers between edges: bin i is from ``edges[i]``, included, to ``edges[i + 1]``, which the last bin includes."""

    edges: tuple[float, ...]

    def __len__(self) -> int:
        return max(1, len(self.edges) - 1)

    def name(self, code: int) -> str:
        """A code in words."""
        if code < 0:
            return NAMES[code]
        closing = "]" if code == len(self) - 1 else ")"
        return f"[{self.edges[code]:g}, {self.edges[code + 1]:g}{closing}"

    def code(self, value: Any) -> int:
        """The code of a number."""
        if value < self.edges[0]:
            return BELOW
        if value > self.edges[-1]:
            return ABOVE
        return min(max(bisect_right(self.edges, value) - 1, 0), len(self) - 1)

    def expression(self, document: Any) -> Any:
        """The code of a JSON value, as an int16."""
        number = document.unwrap_as("float64")
        return ibis.cases(
            (_is_missing(document), ibis.literal(MISSING, "int16")),
            (number.isnull(), ibis.literal(INVALID, "int16")),
            else_=self.place(number),
        )

    def place(self, number: Any) -> Any:
        """The code of a number that is not null, as an int16."""
        inner = self.edges[1:-1]
        passed = reduce(add, ((number >= edge).cast("int16") for edge in inner)) if inner else 0
        return ibis.cases(
            (number < self.edges[0], ibis.literal(BELOW, "int16")),
            (number > self.edges[-1], ibis.literal(ABOVE, "int16")),
            else_=ibis.literal(0, "int16") + passed,
        ).cast("int16")


Coding = Categories | Bins


def member(document: Any, name: str) -> Any:
    """A member of a JSON object, whatever its name; null where it is not there."""
    return document[name if _PLAIN.fullmatch(name) else f'"{name}"']


def coding(counted: Values | Histogram) -> Coding:
    """How the values of a feature are coded, from how its reference counted them."""
    return Bins(counted.edges) if isinstance(counted, Histogram) else Categories(counted.values)


def _kind(value: Value) -> str:
    return "boolean" if isinstance(value, bool) else "string" if isinstance(value, str) else "int64"


def _is_missing(document: Any) -> Any:
    return document.isnull() | (document.cast("string") == "null")
