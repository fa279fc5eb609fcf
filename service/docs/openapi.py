"""The OpenAPI 3.1 document: what FastAPI makes of the routes, completed with what the models and the types say.

FastAPI's document is the base, so that no route can be forgotten. Schemas come from the very types that are decoded
and encoded, instances from the manifests, and examples of answers and errors from the code that gives them.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from service.description import ModelDescription, ModelList, describe, list_models
from service.docs import request_schema
from service.docs.refusals import Refusal, list_refusals, wrong_method
from service.docs.words import schema_components
from service.label_log import LabelsRequest
from service.model import Model
from service.prediction import Prediction, Predictions
from service.problem import ProblemDetails
from service.schema import stack

if TYPE_CHECKING:
    from service.service import Service

TITLE = "Puerta"
VERSION = "1"
_PREDICTION_ID = "019aa3e5-c000-7d1e-8a2b-0c3d4e5f0000"
_FASTAPI_ERROR = "HTTPValidationError"  # FastAPI's own error, which never leaves this service
_DIGITS = 3  # of an example's probability: the last digits of a float32 differ from processor to processor

_DESCRIPTION = """\
Predictions of packaged models, and the truth about them when it arrives.

- **Calling.** Send JSON with your key in `x-api-key`. The gateway checks the key and the address that it comes from; \
pages, documentation and health need none.
- **Which model.** `POST /v1/predict` asks the default model; the paths with a model and a version ask another. \
`GET /v1/models` lists them.
- **Instances.** An instance is an object, or an array of the values in feature order. A request takes up to \
{instances:,} of them and {bytes:,} bytes, and is answered whole or not at all.
- **Errors.** Every error of the service is an RFC 9457 problem: what came, what was expected, where. A 4xx is the \
caller's doing and will not go away by itself, but for 408 and 429; 503 comes with `Retry-After`. What the gateway \
refuses by itself has a `code` and a `message`.
- **Methods.** A path that is asked with another method than those below answers 405 and names them in `Allow`.
- **Tracing a request.** Every answer has an `x-request-id`, the caller's own where one came, and `traceparent` is \
continued.
"""

_TAGS = [
    {"name": "predictions", "description": "Ask a model, and say later what became of it."},
    {"name": "models", "description": "What is being served, and what it takes."},
    {"name": "health", "description": "Whether this instance is up, and whether it wants traffic."},
    {"name": "open inference protocol", "description": "The same models for clients of KServe and Triton (v2)."},
    {"name": "pages", "description": "A page to try a prediction, and this documentation."},
]

_HEADERS: dict[str, Any] = {
    "x-request-id": {
        "description": "The id of this request: the caller's own where one came, else made here.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,128}$"},
        "example": _PREDICTION_ID,
    },
    "traceparent": {
        "description": "The W3C trace context of this request, where it is traced.",
        "schema": {"type": "string", "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"},
        "example": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    },
    "retry-after": {
        "description": "Seconds to wait before asking again.",
        "schema": {"type": "integer", "minimum": 0},
        "example": 1,
    },
    "allow": {
        "description": "The methods that the path has.",
        "schema": {"type": "string"},
        "example": "POST",
    },
}

_PARAMETERS: dict[str, Any] = {
    "RequestId": {
        "name": "x-request-id",
        "in": "header",
        "description": "A name of your own for the request: 1 to 128 letters, digits, dots, underscores, colons and "
        "hyphens. Anything else is ignored and a name made here.",
        "schema": {"type": "string"},
        "example": "order-4711",
    },
    "TraceParent": {
        "name": "traceparent",
        "in": "header",
        "description": "The W3C trace context to continue; one that can't be read is ignored.",
        "schema": {"type": "string"},
        "example": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    },
}


# What an operation answers where all is well: the schema of the body, and what it is in words.
_ANSWERS = {
    "predict": ("Predictions", "The predictions."),
    "predict_model": ("Predictions", "The predictions."),
    "predict_version": ("Predictions", "The predictions."),
    "add_labels": ("LabelsAccepted", "The labels are in the log."),
    "list_models": ("ModelList", "The models."),
    "get_model": ("ModelDescription", "The newest version of the model."),
    "get_version": ("ModelDescription", "The version of the model."),
    "health_live": ("Health", "It is up."),
    "health_ready": ("Health", "It wants traffic."),
}


_API_KEY = {
    "type": "apiKey",
    "in": "header",
    "name": "x-api-key",
    "description": "Your key. The gateway checks it, and takes it off before the service sees the request.",
}

# Bodies that no type stands for.
_PLAIN_SCHEMAS: dict[str, Any] = {
    "LabelsAccepted": {
        "description": "How many labels were written.",
        "type": "object",
        "properties": {"accepted": {"description": "The labels of the request.", "type": "integer", "minimum": 1}},
        "required": ["accepted"],
    },
    "Health": {
        "description": "A word on this instance.",
        "type": "object",
        "properties": {"status": {"description": "How it is.", "type": "string"}},
        "required": ["status"],
    },
    "GatewayRefusal": {
        "description": "What the gateway answers by itself; the request has not reached the service.",
        "type": "object",
        "properties": {
            "code": {"description": "The status.", "type": "integer"},
            "message": {"description": "Why.", "type": "string"},
        },
        "required": ["code", "message"],
    },
}


class OpenApi:
    """The document of one service, made again when its models have changed."""

    def __init__(self, service: "Service", routes: Sequence[BaseRoute]) -> None:
        self._service = service
        self._routes = routes
        self._made: tuple[Any, dict[str, Any]] = (None, {})

    def document(self) -> dict[str, Any]:
        """The document as plain data; not to be changed."""
        models = list(self._service.registry)
        listed = list_models(self._service.registry)
        state = (listed.default, [model.sha256 for model in models])
        if self._made[0] != state:
            self._made = (state, self._make(models, listed))
        return self._made[1]

    def _make(self, models: list[Model], listed: ModelList) -> dict[str, Any]:
        settings = self._service.settings
        description = _DESCRIPTION.format(instances=settings.max_instances, bytes=settings.max_body_bytes)
        document = get_openapi(title=TITLE, version=VERSION, description=description, tags=_TAGS, routes=self._routes)
        newest = {model.name: model for model in models}  # the registry's order puts the newest version last
        default = newest.get(listed.default or "")
        bodies = {
            "predict": _predict_body([default] if default else []),
            "predict_model": _predict_body(list(newest.values())),
            "predict_version": _predict_body(models),
            "add_labels": _labels_body(),
        }
        examples = self._examples(default, listed)
        refusals = list_refusals(self._service, default)
        for path, item in document["paths"].items():
            for method, operation in item.items():
                name = operation["operationId"].removesuffix("_alias")
                if name in bodies:
                    operation["requestBody"] = bodies[name]
                if name in _ANSWERS:
                    operation["responses"]["200"] = _answer(*_ANSWERS[name], examples.get(name))
                _complete(operation)
                _refuse(operation, refusals, method.upper(), path)
                _parameterize(operation, models)
        document["security"] = [{"ApiKey": []}]
        document["components"] = {
            "schemas": _schemas(models) | _without_fastapi(document.get("components", {}).get("schemas", {})),
            "responses": {refusal.name: refusal.response() for refusal in [*refusals, wrong_method()]},
            "headers": _HEADERS,
            "parameters": _PARAMETERS,
            "securitySchemes": {"ApiKey": _API_KEY},
        }
        return msgspec.json.decode(msgspec.json.encode(document))  # type: ignore[no-any-return]  # plain data, no tuples

    def _examples(self, default: Model | None, listed: ModelList) -> dict[str, Any]:
        examples: dict[str, Any] = {
            "add_labels": {"accepted": 1},
            "list_models": msgspec.to_builtins(listed),
            "health_live": {"status": "live"},
            "health_ready": {"status": "ready"},
        }
        if default is not None:
            predictions = _predictions(default)
            examples |= dict.fromkeys(("predict", "predict_model", "predict_version"), predictions)
            description = msgspec.to_builtins(describe(self._service.registry, default))
            examples |= dict.fromkeys(("get_model", "get_version"), description)
        return examples


def _answer(schema: str, words: str, example: Any) -> dict[str, Any]:
    """A good answer, with an example where there is one."""
    content = {"schema": _reference("schemas", schema)} | ({} if example is None else {"example": example})
    return {"description": words, "content": {"application/json": content}}


def _complete(operation: dict[str, Any]) -> None:
    """What every good answer carries."""
    responses = operation["responses"]
    for status in [status for status, response in responses.items() if _FASTAPI_ERROR in str(response)]:
        del responses[status]
    for response in responses.values():
        response["headers"] = response.get("headers", {}) | {
            "x-request-id": _reference("headers", "x-request-id"),
            "traceparent": _reference("headers", "traceparent"),
        }


def _refuse(operation: dict[str, Any], refusals: Sequence[Refusal], method: str, path: str) -> None:
    """The errors: one shape for all, whatever the route itself says."""
    for refusal in refusals:
        if refusal.concerns(method, path, keyed=_is_keyed(operation)):
            operation["responses"][str(refusal.status)] = _reference("responses", refusal.name)
    operation["responses"] = dict(sorted(operation["responses"].items()))


def _parameterize(operation: dict[str, Any], models: Sequence[Model]) -> None:
    """The names that a path takes, and the headers that an operation reads."""
    known = {
        "model": ("The model's name.", [model.name for model in models]),
        "version": ("The model's version.", [model.version for model in models]),
    }
    for parameter in operation.get("parameters", ()):
        if parameter.get("in") == "path" and parameter["name"] in known:
            parameter["description"], names = known[parameter["name"]]
            parameter["schema"] = {"type": "string"}
            if names:
                parameter["schema"]["enum"] = list(dict.fromkeys(names))
                parameter["example"] = names[0]
    if _is_keyed(operation):
        headers = [_reference("parameters", name) for name in _PARAMETERS]
        operation["parameters"] = [*operation.get("parameters", ()), *headers]


def _is_keyed(operation: dict[str, Any]) -> bool:
    return bool(operation.get("security", True))


def _predict_body(models: Sequence[Model]) -> dict[str, Any]:
    """A request for predictions: in the form of any of the models."""
    schemas = [_reference("schemas", request_schema.component(model, "PredictRequest")) for model in models]
    schema: dict[str, Any] = schemas[0] if len(schemas) == 1 else {"anyOf": schemas or [{"type": "object"}]}
    examples = {name: example for model in models for name, example in request_schema.examples(model).items()}
    return {
        "description": "What to predict, in the form of the model that is asked.",
        "required": True,
        "content": {"application/json": {"schema": schema} | ({"examples": examples} if examples else {})},
    }


def _labels_body() -> dict[str, Any]:
    example = {"labels": [{"id": _PREDICTION_ID, "label": 1}]}
    content = {"schema": _reference("schemas", "LabelsRequest"), "example": example}
    return {"description": "What became true.", "required": True, "content": {"application/json": content}}


def _predictions(model: Model) -> Any:
    """What a model answers to its own example."""
    scores = model.scores(model.run(*stack([model.schema.check([model.manifest.example], None)])))
    label, probability = scores.labels[0], scores.probabilities[0]
    rounded = None if probability is None else round(probability, _DIGITS)
    prediction = Prediction(_PREDICTION_ID, label, rounded)
    return msgspec.to_builtins(Predictions(model.name, model.version, [prediction]))


def _schemas(models: Sequence[Model]) -> dict[str, Any]:
    types = [Predictions, LabelsRequest, ModelDescription, ModelList, ProblemDetails]
    _, schemas = schema_components(types, ref_template="#/components/schemas/{name}")
    for model in models:
        schemas |= request_schema.components(model)
    return schemas | _PLAIN_SCHEMAS


def _without_fastapi(schemas: dict[str, Any]) -> dict[str, Any]:
    return {name: schema for name, schema in schemas.items() if name not in {_FASTAPI_ERROR, "ValidationError"}}


def _reference(section: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{section}/{name}"}
