"""Requests and responses of the Open Inference Protocol: JSON, and after it the data of the tensors that are binary.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md, with Triton's
extension https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md. What is
decoded here is well-formed; whether it suits a model is for ``signature`` to say.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from service.inference_protocol.tensors import Datatype, Output, Tensor, explain, unreadable
from service.invalid_input import MAX_ERRORS, cut, invalid_input
from service.problem import FieldError, Problem

Size = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Data = Annotated[
    msgspec.Raw,
    Meta(description="The elements row by row, flat or nested as the shape.", extra_json_schema={"type": "array"}),
]
_NULL = b"null"


class InputParameters(msgspec.Struct, frozen=True):
    """What may be said of an input; parameters of no meaning here are ignored."""

    binary_data_size: Size | None = None
    shared_memory_region: str | None = None


class RequestInput(msgspec.Struct, frozen=True):
    """An input as it is announced: its data here, or ``binary_data_size`` bytes of it after the JSON."""

    name: str
    shape: list[Size]
    datatype: Datatype
    parameters: InputParameters | None = None
    data: Data | UnsetType = UNSET


class OutputParameters(msgspec.Struct, frozen=True):
    """How a requested output is wanted; ``binary_data`` overrides the request's ``binary_data_output``."""

    binary_data: bool | None = None
    classification: int | None = None
    shared_memory_region: str | None = None


class RequestedOutput(msgspec.Struct, frozen=True):
    """An output that is wanted."""

    name: str
    parameters: OutputParameters | None = None

    def binary(self, *, otherwise: bool) -> bool:
        """Whether it is wanted as binary."""
        if self.parameters is None or self.parameters.binary_data is None:
            return otherwise
        return self.parameters.binary_data

    def refused(self) -> Iterator[tuple[str, str]]:
        """The parameters, name and value, that need an extension which is not spoken here."""
        for name in ("classification", "shared_memory_region"):
            value = getattr(self.parameters, name, None)
            if value:
                yield name, cut(str(value))


class RequestParameters(msgspec.Struct, frozen=True):
    """What may be said of a request; parameters of no meaning here are ignored."""

    binary_data_output: bool | None = None


class InferenceRequest(msgspec.Struct, frozen=True):
    """The JSON of an inference request; without ``outputs``, all of them are wanted."""

    inputs: list[RequestInput]
    id: str | None = None
    parameters: RequestParameters | None = None
    outputs: list[RequestedOutput] | None = None


class BinaryData(msgspec.Struct, frozen=True):
    """How many bytes after the JSON are an output's."""

    binary_data_size: int


class ResponseOutput(msgspec.Struct, frozen=True, omit_defaults=True):
    """An output: its data here, row by row and flat, or ``binary_data_size`` bytes of it after the JSON."""

    name: str
    datatype: Datatype
    shape: list[int]
    parameters: BinaryData | UnsetType = UNSET
    data: list[float | str] | UnsetType = UNSET


class ResponseParameters(msgspec.Struct, frozen=True):
    """``request_id``, as in the header ``x-request-id``, is what the prediction log knows the request by."""

    request_id: str


class InferenceResponse(msgspec.Struct, frozen=True):
    """The JSON of an inference response; ``id`` is the request's own, or the request identifier where it has none."""

    model_name: str
    model_version: str
    id: str
    parameters: ResponseParameters
    outputs: list[ResponseOutput]


def decode(body: bytes, json_size: int | None) -> tuple[InferenceRequest, list[Tensor]]:
    """Read a request and its inputs; ``json_size`` is how many bytes of the body are JSON (None: all of them).

    Raises:
        Problem: 400 where the body is not as its sizes say, or its JSON is none; 422 where the JSON does not fit.
    """
    if json_size is not None and json_size > len(body):
        detail = f"Inference-Header-Content-Length: {json_size} came, expected {len(body)}, the body's size, or less"
        raise Problem(400, detail, reason="malformed")
    text = body if json_size is None else body[:json_size]
    try:
        request = _REQUEST.decode(text)
    except msgspec.ValidationError as error:
        raise explain(error, text) from error
    except (ValueError, RecursionError) as error:
        raise unreadable(error) from error
    return request, _tensors(request, memoryview(body)[len(text) :])


def encode(
    model: tuple[str, str], identifiers: tuple[str, str], outputs: Sequence[tuple[Output, bool]]
) -> tuple[bytes, int | None]:
    """A response's body, and how many bytes of it are JSON (None: all of them).

    Args:
        model: The model's name and version.
        identifiers: The request's own identifier, and the one that it has here.
        outputs: Each with whether it is wanted as binary.
    """
    announced: list[ResponseOutput] = []
    parts = [b""]
    for output, binary in outputs:
        name, datatype, shape, values = output
        if binary:
            parts.append(output.pack())
            announced.append(ResponseOutput(name, datatype, shape, BinaryData(len(parts[-1]))))
        else:
            announced.append(ResponseOutput(name, datatype, shape, data=list(values)))
    parts[0] = msgspec.json.encode(
        InferenceResponse(*model, identifiers[0], ResponseParameters(identifiers[1]), announced)
    )
    return b"".join(parts), len(parts[0]) if len(parts) > 1 else None


def _tensors(request: InferenceRequest, binary: memoryview) -> list[Tensor]:
    """The inputs with their data; binary data follows the JSON in the order of the inputs."""
    tensors: list[Tensor] = []
    errors: list[FieldError] = []
    end = 0
    for index, announced in enumerate(request.inputs):
        pointer, name = f"/inputs/{index}", cut(announced.name)
        parameters = announced.parameters or InputParameters()
        text = b"" if announced.data is UNSET or bytes(announced.data) == _NULL else bytes(announced.data)
        size, region = parameters.binary_data_size, parameters.shared_memory_region
        if region is not None:
            where = f"{pointer}/parameters/shared_memory_region"
            errors.append(FieldError(where, name, cut(region), "none: not offered here"))
        elif bool(text) == (size is not None):
            came = "both" if text else "neither"
            errors.append(FieldError(pointer, name, came, "either data or the parameter binary_data_size"))
        if len(errors) == MAX_ERRORS:
            break
        start, end = end, end + (size or 0)
        raw = None if size is None else binary[start:end]
        tensors.append(Tensor(announced.name, announced.datatype, announced.shape, pointer, text, raw))
    if errors:
        raise invalid_input(errors, "invalid")
    if end != len(binary):
        detail = f"{len(binary)} bytes follow the JSON, expected {end}, the sum of every binary_data_size"
        if not binary:
            detail += " (the header Inference-Header-Content-Length says where the JSON ends)"
        raise Problem(400, detail, reason="malformed")
    return tensors


_REQUEST = msgspec.json.Decoder(InferenceRequest)
