"""Tensors of the Open Inference Protocol: their data as JSON or as binary, in and out.

The datatypes: https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md.
Binary data (https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md) is
little-endian and row by row without padding; an element of BYTES is its length as four bytes and then itself.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from types import GenericAlias
from typing import Annotated, Any, Literal, NamedTuple, get_args

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from service.invalid_input import cut, invalid_input, shown
from service.problem import FieldError, Problem

Datatype = Literal[
    "BOOL", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64", "FP16", "FP32", "FP64", "BYTES"
]
DATATYPES: tuple[Datatype, ...] = get_args(Datatype)

_DTYPES: Mapping[str, npt.DTypeLike] = {
    **{f"{kind}INT{bits}": f"<{code}{bits // 8}" for kind, code in (("", "i"), ("U", "u")) for bits in (8, 16, 32, 64)},
    **{f"FP{bits}": f"<f{bits // 8}" for bits in (16, 32, 64)},
    "BOOL": "?",
}
_LENGTH = 4  # bytes before an element of BYTES
_MESSAGE = re.compile(r"(.*?)(?:, got .*?)?(?: - at `\$(.*)`)?", re.DOTALL)  # of msgspec
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_MISSING = re.compile(r"Object missing required field `(\w+)`")


class Tensor(NamedTuple):
    """An input of one or two dimensions, its data still packed. ``pointer`` is its place in the request's JSON.

    ``text`` is the data as JSON; ``binary``, where it is not None, takes its place.
    """

    name: str
    datatype: Datatype
    shape: list[int]
    pointer: str
    text: bytes
    binary: memoryview | None

    def values(self) -> list[Any]:
        """The elements row by row, as bool, int, float or str; None where the JSON has null.

        Raises:
            Problem: 422 where the data is not what datatype and shape say.
        """
        if self.binary is None:
            return self._parse()
        return self._split(self.binary) if self.datatype == "BYTES" else self._unpack(self.binary)

    def place(self, element: int) -> str:
        """The pointer to an element; for binary data as if it were in the JSON, flat."""
        if self.text.lstrip()[1:].lstrip()[:1] == b"[":
            row, column = divmod(element, self._width)
            return f"{self.pointer}/data/{row}/{column}"
        return f"{self.pointer}/data/{element}"

    @property
    def _size(self) -> int:
        return math.prod(self.shape)

    @property
    def _width(self) -> int:
        return math.prod(self.shape[1:])

    def _parse(self) -> list[Any]:
        try:
            values: list[Any] = _DECODERS[self.datatype].decode(self.text)
        except msgspec.ValidationError as error:
            where, expected = f"{self.pointer}/data", _EXPECTED[self.datatype]
            raise explain(error, self.text, pointer=where, field=cut(self.name), expected=expected) from error
        except ValueError as error:  # what is between the quotes was not looked at before
            raise unreadable(error) from error
        if any(type(value) is list for value in values):
            if any(type(row) is not list or len(row) != self._width for row in values):
                raise self._misfit("data", f"{len(values)} rows that are nested otherwise")
            values = [value for row in values for value in row]
        if len(values) != self._size:
            raise self._misfit("data", f"{len(values)} elements")
        return values

    def _unpack(self, binary: memoryview) -> list[Any]:
        dtype = np.dtype(_DTYPES[self.datatype])
        if len(binary) != self._size * dtype.itemsize:
            raise self._misfit("parameters/binary_data_size", f"{len(binary)} bytes")
        if self.datatype == "BOOL":
            wrong = np.flatnonzero(np.frombuffer(binary, np.uint8) > 1)
            if len(wrong):
                raise self._wrong(int(wrong[0]), f"the byte {binary[int(wrong[0])]}", "0 or 1")
        values: list[Any] = np.frombuffer(binary, dtype).tolist()
        return values

    def _split(self, binary: memoryview) -> list[str]:
        values: list[str] = []
        end = 0
        while end < len(binary) and len(values) <= self._size:
            start = end + _LENGTH
            length = int.from_bytes(binary[end:start], "little")
            end = start + length
            if end > len(binary):
                left = max(0, len(binary) - start)
                raise self._wrong(len(values), f"{left} bytes and the end", f"the {length} bytes that were announced")
            try:
                values.append(str(binary[start:end], "utf-8"))
            except UnicodeDecodeError as error:
                raise self._wrong(len(values), "bytes that are not UTF-8", "text in UTF-8") from error
        if len(values) != self._size:
            more = "more than " if end < len(binary) else ""
            raise self._misfit("parameters/binary_data_size", f"{more}{len(values)} elements")
        return values

    def _misfit(self, field: str, received: str) -> Problem:
        expected = f"{self._size} elements of {self.datatype}: the shape is {self.shape}"
        return invalid_input([FieldError(f"{self.pointer}/{field}", cut(self.name), received, expected)], "invalid")

    def _wrong(self, element: int, received: str, expected: str) -> Problem:
        return invalid_input([FieldError(self.place(element), cut(self.name), received, expected)], "invalid")


class Output(NamedTuple):
    """An output: its elements row by row."""

    name: str
    datatype: Datatype
    shape: list[int]
    values: Sequence[Any]

    def pack(self) -> bytes:
        """The data as binary."""
        if self.datatype == "BYTES":
            texts = [value.encode() for value in self.values]
            return b"".join(len(text).to_bytes(_LENGTH, "little") + text for text in texts)
        return np.array(self.values, _DTYPES[self.datatype]).tobytes()


def explain(
    error: msgspec.ValidationError, text: bytes, *, pointer: str = "", field: str = "body", expected: str | None = None
) -> Problem:
    """What msgspec refused in a JSON text, as a problem that names the place, what came and what was expected.

    Args:
        error: What it raised.
        text: The JSON.
        pointer: The text's own place in the request.
        field: Its name, where the error is not in a field of it.
        expected: What was expected, where msgspec's own words would not do.
    """
    try:
        value = json.loads(text, parse_constant=float)
    except (ValueError, RecursionError) as malformed:
        return unreadable(malformed)
    message = _MESSAGE.fullmatch(str(error))
    words, path = message.groups(default="") if message else (str(error), "")
    steps = [name or int(index) for name, index in _STEP.findall(path)]
    for step in steps:
        value = value[step]
    received = shown(value)
    missing = _MISSING.match(words)
    if missing:
        steps.append(missing[1])
        received, words = "nothing", "it to be there"
    elif words.startswith("Invalid enum value"):
        words = f"one of {', '.join(DATATYPES)}"
    field = next((step for step in reversed(steps) if isinstance(step, str)), field)
    where = pointer + "".join(f"/{step}" for step in steps)
    wanted = expected or words.removeprefix("Expected ").replace("`", "")
    return invalid_input([FieldError(where, field, received, wanted)], "invalid")


def unreadable(error: Exception) -> Problem:
    """What is no JSON, or none that can be read, as a problem."""
    return Problem(400, f"the body is not JSON: {cut(str(error))}", reason="malformed")


def _element(datatype: Datatype) -> tuple[Any, str]:
    """An element's type as JSON, and the same in words."""
    if datatype == "BYTES":
        return str, "text"
    dtype = np.dtype(_DTYPES[datatype])
    match dtype.kind:
        case "b":
            return bool, "true or false"
        case "f":
            return float, "a number"
        case _:
            limits = np.iinfo(dtype)
            least, most = int(limits.min), int(limits.max)
            bounds = Meta(ge=least, le=most if most < 2**63 else None)  # msgspec knows no higher ones
            return Annotated[int, bounds], f"a whole number from {least} to {most}"


def _decoder(datatype: Datatype) -> "msgspec.json.Decoder[Any]":
    element = _element(datatype)[0] | None
    return msgspec.json.Decoder(GenericAlias(list, (element | GenericAlias(list, (element,)),)))


_DECODERS = {datatype: _decoder(datatype) for datatype in DATATYPES}
_EXPECTED = {datatype: f"{datatype}: {_element(datatype)[1]}" for datatype in DATATYPES}
