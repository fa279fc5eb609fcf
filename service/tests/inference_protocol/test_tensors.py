"""A tensor's data means the same as JSON and as binary, and what is neither is refused where it is wrong."""

import json
import math
import struct
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tritonclient.utils import deserialize_bytes_tensor, serialize_byte_tensor, triton_to_np_dtype

from service.inference_protocol.tensors import DATATYPES, Datatype, Output, Tensor, explain
from service.problem import Problem

_NUMERIC = tuple(datatype for datatype in DATATYPES if datatype not in {"BOOL", "BYTES"})
_TEXTS = st.lists(st.text(st.characters(codec="utf-8"), max_size=20), min_size=1, max_size=8)


def from_json(data: Any, datatype: Datatype, shape: list[int]) -> Tensor:
    """A tensor whose data came as JSON."""
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    return Tensor("x", datatype, shape, "/inputs/0", text, None)


def from_binary(data: bytes, datatype: Datatype, shape: list[int]) -> Tensor:
    """A tensor whose data came as binary."""
    return Tensor("x", datatype, shape, "/inputs/0", b"", memoryview(data))


def refusal(tensor: Tensor) -> Problem:
    """What is wrong with a tensor's data."""
    with pytest.raises(Problem) as refused:
        tensor.values()
    assert refused.value.status == 422
    return refused.value


@given(st.data(), st.sampled_from(_NUMERIC))
def test_binary_numbers_are_numpy_s(data: st.DataObject, datatype: Datatype) -> None:
    """Every numeric datatype is little-endian numpy, whatever the values."""
    array = data.draw(arrays.arrays(np.dtype(triton_to_np_dtype(datatype)).newbyteorder("<"), st.integers(1, 8)))
    values = from_binary(array.tobytes(), datatype, [len(array)]).values()
    np.testing.assert_array_equal(np.array(values, array.dtype), array)


@given(st.data(), st.sampled_from(_NUMERIC))
def test_json_numbers_mean_what_binary_ones_do(data: st.DataObject, datatype: Datatype) -> None:
    """The same array gives the same values either way, flat or nested; JSON has no number that is not finite."""
    dtype = triton_to_np_dtype(datatype)
    finite = arrays.from_dtype(np.dtype(dtype), allow_nan=False, allow_infinity=False)
    array = data.draw(arrays.arrays(dtype, st.tuples(st.integers(1, 4), st.integers(1, 4)), elements=finite))
    shape = list(array.shape)
    binary = from_binary(array.astype(array.dtype.newbyteorder("<")).tobytes(), datatype, shape).values()
    assert from_json(array.ravel().tolist(), datatype, shape).values() == binary
    assert from_json(array.tolist(), datatype, shape).values() == binary


@given(st.lists(st.booleans(), min_size=1))
def test_truths(truths: list[bool]) -> None:
    """A truth is a byte, 0 or 1."""
    assert from_binary(bytes(truths), "BOOL", [len(truths)]).values() == truths
    assert from_json(truths, "BOOL", [len(truths)]).values() == truths
    assert Output("x", "BOOL", [len(truths)], truths).pack() == bytes(truths)


@given(_TEXTS)
def test_texts_are_triton_s(texts: list[str]) -> None:
    """What Triton's client packs is read, and what is packed here Triton's client reads."""
    packed = serialize_byte_tensor(np.array(texts, object)).item()
    assert from_binary(packed, "BYTES", [len(texts)]).values() == texts
    assert from_json(texts, "BYTES", [len(texts)]).values() == texts
    unpacked = deserialize_bytes_tensor(Output("x", "BYTES", [len(texts)], texts).pack())
    assert [text.decode() for text in unpacked] == texts


@pytest.mark.parametrize(("datatype", "packed"), [("INT64", "<2q"), ("FP64", "<2d"), ("FP32", "<2f"), ("UINT8", "<2B")])
def test_outputs_are_little_endian(datatype: Datatype, packed: str) -> None:
    """An output's numbers are packed as the extension says."""
    assert Output("x", datatype, [2], [1, 2]).pack() == struct.pack(packed, 1, 2)


def test_null_is_none() -> None:
    """Whether a value may be missing is for the schema to say."""
    assert from_json([1.5, None], "FP64", [2]).values() == [1.5, None]
    assert from_json([[1.5], [None]], "FP64", [2, 1]).values() == [1.5, None]


@pytest.mark.parametrize(
    ("data", "datatype", "pointer", "received"),
    [
        (["a"], "INT64", "/inputs/0/data/0", "a"),
        ([1, 7.5], "INT64", "/inputs/0/data/1", 7.5),
        ([1, 128], "INT8", "/inputs/0/data/1", 128),
        ([1, -1], "UINT64", "/inputs/0/data/1", -1),
        ([[1], [1, "b"]], "FP32", "/inputs/0/data/1/1", "b"),
        ([True], "FP64", "/inputs/0/data/0", True),
        ([1], "BOOL", "/inputs/0/data/0", 1),
        ([1], "BYTES", "/inputs/0/data/0", 1),
        ([{}], "BYTES", "/inputs/0/data/0", "an object of 0"),
        ([[[1]]], "INT64", "/inputs/0/data/0/0", "an array of 1"),
        ("text", "BYTES", "/inputs/0/data", "text"),
        (b"[1e400]", "FP64", "/inputs/0/data/0", "inf"),
    ],
)
def test_json_of_another_type(data: Any, datatype: Datatype, pointer: str, received: Any) -> None:
    """The element is named, with what came and what the datatype takes."""
    (error,) = refusal(from_json(data, datatype, [2])).errors
    assert (error.pointer, error.field, error.received) == (pointer, "x", received)
    assert error.expected.startswith(f"{datatype}: ")


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        ([], [1]),
        ([1, 2, 3], [2]),
        ([1], [2, 1]),
        ([[1], [2], [3]], [2, 1]),
        ([[1, 2], [3]], [2, 2]),
        ([[1, 2], 3, 4], [2, 2]),
        ([1, [2]], [2, 1]),
        ([1], [2**63 - 1, 2**63 - 1]),
    ],
)
def test_json_of_another_shape(data: Any, shape: list[int]) -> None:
    """As many elements as the shape says, flat or nested as it."""
    (error,) = refusal(from_json(data, "INT64", shape)).errors
    assert error.pointer == "/inputs/0/data"
    assert str(shape) in error.expected


@pytest.mark.parametrize(("datatype", "size"), [("INT64", 15), ("INT64", 17), ("INT64", 0), ("BOOL", 3), ("FP16", 3)])
def test_binary_of_another_size(datatype: Datatype, size: int) -> None:
    """Neither a byte too few nor one too many."""
    (error,) = refusal(from_binary(bytes(size), datatype, [2])).errors
    assert (error.pointer, error.received) == ("/inputs/0/parameters/binary_data_size", f"{size} bytes")


def test_a_truth_is_0_or_1() -> None:
    """Any other byte is a mistake, not a truth."""
    (error,) = refusal(from_binary(b"\x01\x02", "BOOL", [2])).errors
    assert (error.pointer, error.received, error.expected) == ("/inputs/0/data/1", "the byte 2", "0 or 1")


@pytest.mark.parametrize(
    ("packed", "pointer", "received"),
    [
        (b"\x01\x00\x00\x00a\x02\x00\x00\x00b", "/inputs/0/data/1", "1 bytes and the end"),
        (b"\x01\x00\x00\x00a\x02\x00", "/inputs/0/data/1", "0 bytes and the end"),
        (b"\xff\xff\xff\xffa", "/inputs/0/data/0", "1 bytes and the end"),
        (b"\x01\x00\x00\x00\xff", "/inputs/0/data/0", "bytes that are not UTF-8"),
        (b"\x01\x00\x00\x00a", "/inputs/0/parameters/binary_data_size", "1 elements"),
        (b"\x00\x00\x00\x00" * 9, "/inputs/0/parameters/binary_data_size", "more than 3 elements"),
        (b"", "/inputs/0/parameters/binary_data_size", "0 elements"),
    ],
)
def test_texts_cut_off(packed: bytes, pointer: str, received: str) -> None:
    """Lengths that lie are found out, element by element."""
    (error,) = refusal(from_binary(packed, "BYTES", [2])).errors
    assert (error.pointer, error.received) == (pointer, received)


@given(st.binary(max_size=64), st.sampled_from(DATATYPES), st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=2))
def test_any_bytes_are_read_or_refused(data: bytes, datatype: Datatype, shape: list[int]) -> None:
    """Whatever came, there are values for every element or a problem that is the caller's."""
    for tensor in (from_binary(data, datatype, shape), from_json(data, datatype, shape)):
        try:
            outcome = len(tensor.values())
        except Problem as problem:
            outcome = problem.status
        assert outcome in {math.prod(shape), 400, 422}


def test_an_element_s_place() -> None:
    """A pointer leads into the JSON as it came."""
    assert from_json([1, 2, 3, 4], "INT64", [2, 2]).place(3) == "/inputs/0/data/3"
    assert from_json(b" [\n [1, 2], [3, 4]]", "INT64", [2, 2]).place(3) == "/inputs/0/data/1/1"
    assert from_json([[1], [2]], "INT64", [2]).place(1) == "/inputs/0/data/1/0"
    assert from_binary(bytes(32), "INT64", [2, 2]).place(3) == "/inputs/0/data/3"


def test_what_msgspec_says_in_other_words() -> None:
    """A field that is missing is named, and JSON that ends in rubbish is called that."""

    class Point(msgspec.Struct):
        x: int

    with pytest.raises(msgspec.ValidationError) as missing:
        msgspec.json.decode(b"[{}]", type=list[Point])
    problem = explain(missing.value, b"[{}]", pointer="/points")
    (error,) = problem.errors
    assert (error.pointer, error.field, error.received) == ("/points/0/x", "x", "nothing")
    with pytest.raises(msgspec.ValidationError) as wrong:
        msgspec.json.decode(b"[3, oops", type=list[Point])
    assert explain(wrong.value, b"[3, oops").status == 400
