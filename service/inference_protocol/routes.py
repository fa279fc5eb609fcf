"""The Open Inference Protocol v2 over HTTP, binary tensors included: what KServe's and Triton's clients speak.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md. Errors are this
service's own, problem details, with the protocol's member ``error`` beside.
"""

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from fastapi import APIRouter, Request, Response

from service.docs.words import schema_components
from service.exchange import exchange_of
from service.inference_protocol.message import InferenceRequest, InferenceResponse, decode, encode
from service.inference_protocol.signature import Signature, TensorMetadata
from service.prediction import Call, Work
from service.problem import Problem

if TYPE_CHECKING:
    from service.service import Service

_JSON = "application/json"
_BINARY = "application/octet-stream"
_JSON_SIZE = "inference-header-content-length"
_DENSITY = 8  # a row may be as few as five bytes here, where as JSON it is 60
_SIZE = re.compile(r"[0-9]{1,18}")
_PLATFORM = "onnx_onnxv1"  # the protocol's name of an ONNX model in ONNX Runtime


class ServerMetadata(msgspec.Struct, frozen=True):
    """The server, and what it speaks beyond the protocol."""

    name: str
    version: str
    extensions: tuple[str, ...]


class ModelMetadata(msgspec.Struct, frozen=True):
    """A model: all its versions, its inputs and its outputs."""

    name: str
    versions: tuple[str, ...]
    platform: str
    inputs: tuple[TensorMetadata, ...]
    outputs: tuple[TensorMetadata, ...]


class ModelReady(msgspec.Struct, frozen=True):
    """Whether a model is ready."""

    name: str
    ready: bool


class ServerLive(msgspec.Struct, frozen=True):
    """Whether the server is live."""

    live: bool


class ServerReady(msgspec.Struct, frozen=True):
    """Whether the server is ready; the protocol's text says ``live`` here and its servers say ``ready``."""

    live: bool
    ready: bool


def inference_protocol(service: "Service") -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["open inference protocol"])

    @router.get("/v2/", include_in_schema=False)
    @router.get(
        "/v2",
        operation_id="server_metadata",
        summary="Describe the server",
        description="The server's name and version, and the extensions of the protocol that it speaks.",
        responses=_answer(ServerMetadata),
    )
    async def server_metadata(request: Request) -> Response:
        api = request.app
        return _json(ServerMetadata(api.title.lower(), api.version, ("binary_tensor_data",)))

    @router.get(
        "/v2/health/live",
        operation_id="server_live",
        summary="Is it up?",
        description="Whether the server answers at all.",
        responses=_answer(ServerLive),
    )
    async def server_live() -> Response:
        return _json(ServerLive(live=True))

    @router.get(
        "/v2/health/ready",
        operation_id="server_ready",
        summary="Does it want traffic?",
        description="Whether the server has its models and is not about to stop.",
        responses=_answer(ServerReady),
    )
    async def server_ready() -> Response:
        _require_ready(service)
        return _json(ServerReady(live=True, ready=True))

    @router.get(
        "/v2/models/{model}",
        operation_id="model_metadata",
        summary="Describe a model's tensors",
        description="The inputs and outputs of the model's newest version.",
        responses=_answer(ModelMetadata),
    )
    async def model_metadata(model: str) -> Response:
        return _json(_metadata(service, model, None))

    @router.get(
        "/v2/models/{model}/versions/{version}",
        operation_id="version_metadata",
        summary="Describe the tensors of a version of a model",
        description="The inputs and outputs of this version.",
        responses=_answer(ModelMetadata),
    )
    async def version_metadata(model: str, version: str) -> Response:
        return _json(_metadata(service, model, version))

    @router.get(
        "/v2/models/{model}/ready",
        operation_id="model_ready",
        summary="Is a model ready?",
        description="Whether the model's newest version is ready for inference.",
        responses=_answer(ModelReady),
    )
    async def model_ready(model: str) -> Response:
        _require_ready(service)
        return _json(ModelReady(service.registry.find(model, None).name, ready=True))

    @router.get(
        "/v2/models/{model}/versions/{version}/ready",
        operation_id="version_ready",
        summary="Is a version of a model ready?",
        description="Whether this version is ready for inference.",
        responses=_answer(ModelReady),
    )
    async def version_ready(model: str, version: str) -> Response:
        _require_ready(service)
        return _json(ModelReady(service.registry.find(model, version).name, ready=True))

    @router.post(
        "/v2/models/{model}/infer",
        operation_id="infer",
        summary="Predict with tensors",
        description="One prediction for each row of the input tensors, in order, by the model's newest version.",
        **_INFERENCE,
    )
    async def infer(request: Request, model: str) -> Response:
        return await _infer(service, request, model, None)

    @router.post(
        "/v2/models/{model}/versions/{version}/infer",
        operation_id="infer_with_version",
        summary="Predict with tensors and a version of a model",
        description="One prediction for each row of the input tensors, in order, by this version.",
        **_INFERENCE,
    )
    async def infer_with_version(request: Request, model: str, version: str) -> Response:
        return await _infer(service, request, model, version)

    return router


async def _infer(service: "Service", request: Request, model: str, version: str | None) -> Response:
    exchange = exchange_of(request)
    call = Call(model, version, await exchange.body(), exchange.caller, exchange.trace)
    call.caller.require_type(_JSON, _BINARY)
    call.caller.require_plain()
    json_size = _read_json_size(request.headers.get(_JSON_SIZE))
    work = partial(_predict, service, call, exchange.request_id, json_size)
    body, json_size = await service.run(call, work, density=_DENSITY)
    if json_size is None:
        return Response(body, media_type=_JSON)
    return Response(body, media_type=_BINARY, headers={_JSON_SIZE: str(json_size)})


def _predict(service: "Service", call: Call, request_id: str, json_size: int | None) -> tuple[bytes, int | None]:
    """From a request's body to its answer's, each with how many bytes of it are JSON (None: all of them)."""
    model = service.registry.find(call.model, call.version)
    signature = Signature(model)
    request, tensors = decode(call.body, json_size)
    requested = signature.requested(request)
    batch = signature.batch(tensors)
    work = Work(model, batch, call.caller, service.identifiers.draw(), request_id, call.trace)
    (result,) = service.predictor.predict([work])
    if isinstance(result, Problem):
        raise result
    outputs = [(signature.output(name, result), binary) for name, binary in requested]
    return encode((model.name, model.version), (request.id or request_id, request_id), outputs)


def _read_json_size(header: str | None) -> int | None:
    if header is None:
        return None
    if not _SIZE.fullmatch(header):
        detail = f"Inference-Header-Content-Length: {header[:80]!r} came, expected how many bytes of the body are JSON"
        raise Problem(400, detail, reason="malformed")
    return int(header)


def _metadata(service: "Service", name: str, version: str | None) -> ModelMetadata:
    model = service.registry.find(name, version)
    signature = Signature(model)
    versions = tuple(other.version for other in service.registry if other.name == model.name)
    return ModelMetadata(model.name, versions, _PLATFORM, signature.inputs, signature.outputs)


def _require_ready(service: "Service") -> None:
    if not service.ready:
        raise Problem(503, "not ready for traffic", retry_after=1)


def _json(content: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(content), media_type=_JSON)


# What the OpenAPI document says of the routes; the errors are added where it is made.


def _schema(kind: Any) -> Any:
    """The JSON Schema of a type, written out: a route can't add to the document's components."""
    (schema,), components = schema_components([kind])

    def written_out(node: Any) -> Any:
        match node:
            case {"$ref": str(reference)}:
                return written_out(components[reference.rpartition("/")[2]])
            case dict():
                return {key: written_out(value) for key, value in node.items()}
            case list():
                return [written_out(value) for value in node]
            case _:
                return node

    return written_out(schema)


def _answer(kind: Any) -> dict[int | str, dict[str, Any]]:
    schema = _schema(kind)
    return {200: {"description": schema["description"], "content": {_JSON: {"schema": schema}}}}


def _inference() -> dict[str, Any]:
    binary = {"type": "string", "format": "binary", "description": "The JSON, then the data of the binary tensors."}
    size = {
        "description": "How many bytes of the body are JSON; needed where binary data follows it.",
        "schema": {"type": "integer", "minimum": 0},
    }
    responses = _answer(InferenceResponse)
    responses[200]["content"][_BINARY] = {"schema": binary}
    responses[200]["headers"] = {_JSON_SIZE: size}
    content = {_JSON: {"schema": _schema(InferenceRequest)}, _BINARY: {"schema": binary}}
    body = {"description": "The input tensors, by name.", "required": True, "content": content}
    parameters = [{"name": _JSON_SIZE, "in": "header", **size}]
    return {"responses": responses, "openapi_extra": {"parameters": parameters, "requestBody": body}}


_INFERENCE = _inference()
