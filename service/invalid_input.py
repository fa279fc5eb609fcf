"""What is wrong with an input, in words: the errors of its fields, and what came as an error may repeat it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from service.problem import FieldError, Problem

MAX_ERRORS = 20  # a batch that is wrong throughout is explained once, not ten thousand times
EXACT_INTEGER = 2.0**53  # beyond it JSON numbers lose units in most clients
_MOST_DIGITS = 400  # a whole number of more is infinite; Python refuses to read one of thousands
_SHOWN = 80


class InvalidInput(Problem):
    """A problem of the input; ``unseen`` counts the categories never seen that were refused, by feature."""

    def __init__(self, status: int, detail: str, *, unseen: Mapping[str, int], **options: Any) -> None:
        super().__init__(status, detail, **options)
        self.unseen = unseen


class Absent:
    """Marks a feature that did not come, where null is a value."""


def invalid_input(errors: Sequence[FieldError], reason: str, unseen: Mapping[str, int] | None = None) -> InvalidInput:
    """What is wrong with an input as the problem that it is; ``reason`` is one of the metric's."""
    first = errors[0]
    came = repr(first.received) if isinstance(first.received, str) else json.dumps(first.received)
    detail = f"{first.pointer or 'body'}: {came} came, expected {first.expected}"
    if len(errors) > 1:
        detail += f" (and {'at least ' if len(errors) >= MAX_ERRORS else ''}{min(len(errors), MAX_ERRORS) - 1} more)"
    return InvalidInput(422, detail, errors=tuple(errors[:MAX_ERRORS]), reason=reason, unseen=unseen or {})


def shown(value: Any) -> Any:
    """A received value as an error may repeat it: scalars as they are, cut; anything larger by its kind and size."""
    match value:
        case bool() | None:
            return value
        case int() | float():
            return (
                value
                if abs(value) < EXACT_INTEGER
                else cut(f"{value:.6g}" if isinstance(value, float) else "a huge number")
            )
        case str():
            return cut(value)
        case list():
            return f"an array of {len(value)}"
        case dict():
            return f"an object of {len(value)}"
        case _:
            return "nothing" if value is Absent else cut(str(value))


def cut(text: str) -> str:
    """A caller's text, short and encodable (JSON may escape half a surrogate pair, which UTF-8 can't hold)."""
    short = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return short.encode("utf-8", "replace").decode("utf-8")


def escape(name: str) -> str:
    """A name as one step of an RFC 6901 pointer."""
    return cut(name).replace("~", "~0").replace("/", "~1")


def read_json(body: bytes) -> Any:
    """Read JSON as strictly as msgspec does, for an explanation: no NaN, no half of a surrogate pair.

    Raises:
        ValueError: if it is not JSON in UTF-8.
        RecursionError: if it is nested too deep.
    """
    value = json.loads(body.decode(), parse_constant=_refuse_constant, parse_int=_read_integer)
    msgspec.json.encode(value)  # refuses half a surrogate pair
    return value


def _read_integer(text: str) -> float:
    return int(text) if len(text) <= _MOST_DIGITS else float(text)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")
