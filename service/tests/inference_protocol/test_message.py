"""Requests are taken apart as their sizes say or refused, and responses are put together the same way."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tritonclient.http import InferInput, InferRequestedOutput, InferResult
from tritonclient.http._utils import _get_inference_request

from service.inference_protocol.message import InferenceRequest, decode, encode
from service.inference_protocol.tensors import Output, Tensor
from service.problem import Problem

INPUT = {"name": "a", "shape": [1], "datatype": "INT64", "data": [1]}


def read(request: Any, binary: bytes = b"") -> tuple[InferenceRequest, list[Tensor]]:
    """A request decoded; with binary data, its JSON's size is announced."""
    text = json.dumps(request).encode()
    return decode(text + binary, len(text) if binary else None)


def refusal(request: Any, binary: bytes = b"") -> Problem:
    """Why a request is refused."""
    with pytest.raises(Problem) as refused:
        read(request, binary)
    return refused.value


def triton_request(*, binary: bool, outputs: list[InferRequestedOutput] | None = None) -> tuple[bytes, int | None]:
    """What Triton's own client would send: two inputs."""
    inputs = []
    for name, array in (("text", np.array(["é", ""], object)), ("count", np.array([7, 8], np.int16))):
        tensor = InferInput(name, array.shape, "BYTES" if array.dtype == object else "INT16")
        inputs.append(tensor.set_data_from_numpy(array, binary_data=binary))
    unused: dict[str, Any] = dict.fromkeys(("sequence_start", "sequence_end", "timeout", "custom_parameters"))
    body, size = _get_inference_request(inputs, "mine", outputs, sequence_id=0, priority=0, **unused)
    return body, size


@pytest.mark.parametrize("binary", [True, False])
def test_triton_s_client_is_understood(*, binary: bool) -> None:
    """Its request means the same in both of its modes; without outputs it wants all of them as binary."""
    request, tensors = decode(*triton_request(binary=binary))
    assert request.id == "mine"
    assert [(tensor.name, tensor.shape, tensor.values()) for tensor in tensors] == [
        ("text", [2], ["é", ""]),
        ("count", [2], [7, 8]),
    ]
    assert request.outputs is None
    assert request.parameters
    assert request.parameters.binary_data_output is True


def test_triton_s_client_says_how_it_wants_outputs() -> None:
    """The parameter of an output overrides the request's."""
    wanted = [InferRequestedOutput("a"), InferRequestedOutput("b", binary_data=False)]
    request, _ = decode(*triton_request(binary=True, outputs=wanted))
    assert request.outputs
    assert [output.binary(otherwise=False) for output in request.outputs] == [True, False]
    request, _ = read({"inputs": [INPUT], "outputs": [{"name": "a"}]})
    assert request.outputs
    (plain,) = request.outputs
    assert plain.binary(otherwise=True)
    assert not plain.binary(otherwise=False)


@pytest.mark.parametrize("binary", [(True, True), (False, True), (False, False)])
def test_triton_s_client_understands_responses(binary: tuple[bool, bool]) -> None:
    """Every output comes back as it was, whichever of them are binary."""
    outputs = (Output("label", "INT64", [2], [1, 0]), Output("p", "FP64", [2, 2], [0.25, 0.75, 0.5, 0.5]))
    body, size = encode(("model", "3"), ("mine", "ours"), list(zip(outputs, binary, strict=True)))
    result = InferResult.from_response_body(body, header_length=size)
    described = result.get_response()
    assert (described["model_name"], described["model_version"], described["id"]) == ("model", "3", "mine")
    assert described["parameters"] == {"request_id": "ours"}
    assert result.as_numpy("label").tolist() == [1, 0]
    assert result.as_numpy("p").tolist() == [[0.25, 0.75], [0.5, 0.5]]
    assert (size is None) == (not any(binary))


def test_what_has_no_meaning_here_is_ignored() -> None:
    """Clients send the model's name, nulls and parameters of other servers."""
    request, (tensor,) = read(
        {
            "model_name": "m",
            "id": None,
            "parameters": {"priority": 1, "sequence_id": "x"},
            "inputs": [INPUT | {"parameters": {"content_type": "np"}}],
            "outputs": None,
        }
    )
    assert (request.id, request.outputs) == (None, None)
    assert tensor.values() == [1]
    _, (tensor,) = read({"inputs": [INPUT | {"data": None, "parameters": {"binary_data_size": 8}}]}, b"\x05" + bytes(7))
    assert tensor.values() == [5]


@pytest.mark.parametrize(
    ("request_", "pointer", "received"),
    [
        ([], "", "an array of 0"),
        ({}, "/inputs", "nothing"),
        ({"inputs": {}}, "/inputs", "an object of 0"),
        ({"inputs": [3]}, "/inputs/0", 3),
        ({"inputs": [INPUT, {"shape": [1]}]}, "/inputs/1/name", "nothing"),
        ({"inputs": [INPUT | {"name": 5}]}, "/inputs/0/name", 5),
        ({"inputs": [INPUT | {"shape": 1}]}, "/inputs/0/shape", 1),
        ({"inputs": [INPUT | {"shape": [-1]}]}, "/inputs/0/shape/0", -1),
        ({"inputs": [INPUT | {"shape": [2**63]}]}, "/inputs/0/shape/0", "a huge number"),
        ({"inputs": [INPUT | {"datatype": "FP33"}]}, "/inputs/0/datatype", "FP33"),
        ({"inputs": [INPUT | {"parameters": []}]}, "/inputs/0/parameters", "an array of 0"),
        (
            {"inputs": [INPUT | {"parameters": {"binary_data_size": -8}}]},
            "/inputs/0/parameters/binary_data_size",
            -8,
        ),
        ({"inputs": [INPUT], "outputs": [{}]}, "/outputs/0/name", "nothing"),
        (
            {"inputs": [INPUT], "outputs": [{"name": "a", "parameters": {"binary_data": "yes"}}]},
            "/outputs/0/parameters/binary_data",
            "yes",
        ),
        ({"inputs": [INPUT], "id": 3}, "/id", 3),
    ],
)
def test_json_that_does_not_fit(request_: Any, pointer: str, received: Any) -> None:
    """The place is named, with what came and what was expected there."""
    problem = refusal(request_)
    (error,) = problem.errors
    assert (problem.status, error.pointer, error.received) == (422, pointer, received)
    assert error.expected
    assert "`" not in error.expected


def test_datatypes_are_listed() -> None:
    """Whoever gets one wrong sees which ones there are."""
    assert "FP32" in refusal({"inputs": [INPUT | {"datatype": "float"}]}).detail


@pytest.mark.parametrize(
    ("input_", "pointer", "received"),
    [
        ({"parameters": {"binary_data_size": 8}, "data": [1]}, "/inputs/0", "both"),
        ({"data": None}, "/inputs/0", "neither"),
        ({"parameters": {"shared_memory_region": "r"}}, "/inputs/0/parameters/shared_memory_region", "r"),
    ],
)
def test_data_comes_once(input_: dict[str, Any], pointer: str, received: str) -> None:
    """Data is in the JSON or after it, and nowhere else."""
    (error,) = refusal({"inputs": [INPUT | input_]}).errors
    assert (error.pointer, error.field, error.received) == (pointer, "a", received)


def test_errors_are_cut_short() -> None:
    """A request of a hundred thousand inputs without data is not explained a hundred thousand times."""
    problem = refusal({"inputs": [{"name": "a", "shape": [], "datatype": "BOOL"}] * 1000})
    assert len(problem.errors) == 20
    assert "at least 19 more" in problem.detail


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"inputs": [NaN]}', b"\xff\xfe", b"{'inputs': []}", b"[" * 200_000, b'{"inputs": [] }x']
)
def test_what_is_not_json(body: bytes) -> None:
    """It is the body that is at fault, not a field."""
    for size in (None, len(body)):
        with pytest.raises(Problem) as refused:
            decode(body, size)
        assert (refused.value.status, refused.value.reason) == (400, "malformed")


@pytest.mark.parametrize(("announced", "came"), [(8, 0), (8, 7), (8, 9), (0, 3)])
def test_binary_data_of_another_size(announced: int, came: int) -> None:
    """What follows the JSON is what its sizes add up to."""
    request = {
        "inputs": [{"name": "a", "shape": [1], "datatype": "INT64", "parameters": {"binary_data_size": announced}}]
    }
    text = json.dumps(request).encode()
    with pytest.raises(Problem, match=f"{came} bytes follow the JSON, expected {announced}") as refused:
        decode(text + bytes(came), len(text))
    assert refused.value.status == 400


def test_binary_data_without_a_size_of_the_json() -> None:
    """Triton's commonest mistake: the header is named."""
    text = json.dumps(
        {"inputs": [{"name": "a", "shape": [1], "datatype": "INT64", "parameters": {"binary_data_size": 8}}]}
    )
    with pytest.raises(Problem, match="Inference-Header-Content-Length"):
        decode(text.encode(), None)


def test_json_longer_than_the_body() -> None:
    """A size beyond the body's end is not believed."""
    with pytest.raises(Problem, match="Inference-Header-Content-Length: 3 came, expected 2") as refused:
        decode(b"{}", 3)
    assert refused.value.status == 400


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
_NEARLY = st.fixed_dictionaries(
    {"inputs": st.lists(st.fixed_dictionaries({"name": _JSON, "shape": _JSON, "datatype": _JSON}), max_size=2) | _JSON},
    optional={"id": _JSON, "parameters": _JSON, "outputs": _JSON},
)


@given(
    st.binary(max_size=60) | _NEARLY.map(lambda request: json.dumps(request).encode()), st.none() | st.integers(0, 90)
)
@example(b'{"inputs": [], "id": "' + b"\xed\xa0\x80" + b'"}', None)
@example(b'{"inputs": [' + b"9" * 5000 + b"]}", None)
def test_any_bytes_are_read_or_refused(body: bytes, size: int | None) -> None:
    """Whatever came, there is a request or a problem that is the caller's."""
    refused = None
    try:
        decode(body, size)
    except Problem as problem:
        refused = problem
    assert refused is None or (refused.status in {400, 422} and refused.body("id"))
