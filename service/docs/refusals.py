"""Every error that a caller may meet, for the documentation, with examples made by the code that gives them.

The gateway answers some by itself, in the shape and the words of the managed one (GCP API Gateway).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from service.caller import Caller, CallerReader
from service.description import is_open
from service.model import Model
from service.problem import MEDIA_TYPE, Problem

if TYPE_CHECKING:
    from service.service import Service

REQUEST_ID = "019aa3e5-c000-7d1e-8a2b-0c3d4e5f0000"

_NO_KEY = (
    "UNAUTHENTICATED: Method doesn't allow unregistered callers (callers without established identity). "
    "Please use API Key or other form of API consumer identity to call this API."
)
_INVALID_KEY = "INVALID_ARGUMENT: API key not valid. Please pass a valid API key."
_BLOCKED = "PERMISSION_DENIED: IP address blocked."
_UNKNOWN_PATH = "The current request is not defined by this API."
_WRONG_METHOD = (
    'The current request is matched to the defined url template "/v1/predict" but its http method is not allowed'
)
_TOO_LARGE = "Payload Too Large"
_TOO_OFTEN = "RESOURCE_EXHAUSTED: Quota exceeded."
_NO_BACKEND = "no healthy upstream"
_NO_ANSWER = "upstream request timeout"


class Refusal(NamedTuple):
    """An error as a component of the OpenAPI document, and the operations that it concerns."""

    name: str
    status: int
    description: str
    problems: dict[str, Problem] = {}  # noqa: RUF012 - never changed: what the service answers, by a summary of it
    message: str = ""  # what the gateway answers by itself
    method: str = ""  # only this one
    keyed: bool = False  # only where a key is needed
    named: bool = False  # only where the path names something

    def concerns(self, method: str, path: str, *, keyed: bool) -> bool:
        """Whether an operation may answer it."""
        return self.method in {"", method} and keyed >= self.keyed and ("{" in path) >= self.named

    def response(self) -> dict[str, Any]:
        """The OpenAPI response object; what the service answers has its headers."""
        response: dict[str, Any] = {"description": self.description, "content": {}}
        if self.problems:
            examples = {
                summary.replace(" ", "_"): {"summary": summary, "value": msgspec.json.decode(problem.body(REQUEST_ID))}
                for summary, problem in self.problems.items()
            }
            response["content"][MEDIA_TYPE] = {"schema": _reference("schemas", "ProblemDetails"), "examples": examples}
            names = {name.decode() for problem in self.problems.values() for name, _ in problem.headers()}
            response["headers"] = {
                name: _reference("headers", name) for name in ("x-request-id", "traceparent", *sorted(names))
            }
        if self.message:
            example = {"code": self.status, "message": self.message}
            schema = _reference("schemas", "GatewayRefusal")
            response["content"]["application/json"] = {"schema": schema, "example": example}
        return response


def list_refusals(service: "Service", default: Model | None) -> list[Refusal]:
    """Every error, with the limits of this service and with examples from its default model, where there is one."""
    settings = service.settings
    late = f"the request was not complete after {settings.deadline_seconds:g} s"
    large = f"the body has {settings.max_body_bytes + 1} bytes or more, the most is {settings.max_body_bytes}"
    busy = f"{settings.max_concurrency} requests are under way, the most this instance takes"
    crowd = settings.max_concurrency_per_client
    crowded = f"{crowd} requests of client 'demo' are under way, the most one client may have"
    return [
        Refusal(
            "BadRequest",
            400,
            "The body is not JSON; or, from the gateway, the API key is not valid.",
            {"the body is not JSON": _problem(lambda: _accept(service, b'{"labels": ['))},
            _INVALID_KEY,
            method="POST",
        ),
        Refusal("InvalidKey", 400, "The API key is not valid.", message=_INVALID_KEY, method="GET", keyed=True),
        Refusal("NoKey", 401, "There is no API key in `x-api-key`.", message=_NO_KEY, keyed=True),
        Refusal(
            "Forbidden", 403, "The API key is not for this, or not from this address.", message=_BLOCKED, keyed=True
        ),
        Refusal(
            "NotFound",
            404,
            "There is nothing by that name.",
            {"no such model": _problem(lambda: service.registry.find("no-such-model", None))},
            _UNKNOWN_PATH,
            named=True,
        ),
        Refusal(
            "BodyLate",
            408,
            "The body did not come in time.",
            {"the body is late": Problem(408, late)},
            method="POST",
        ),
        Refusal(
            "BodyTooLarge",
            413,
            "The body is too large.",
            {"the body is too large": Problem(413, large)},
            _TOO_LARGE,
            method="POST",
        ),
        Refusal(
            "NotJson",
            415,
            "The content type is not one that this takes, or the body is compressed.",
            {"another content type": _problem(_caller(b"text/csv").require_json)},
            method="POST",
        ),
        Refusal("Invalid", 422, "The body does not fit.", _invalid(service, default), method="POST"),
        Refusal(
            "TooManyRequests",
            429,
            "One client asks for too much at once; or, from the gateway, too often.",
            {"too much at once": Problem(429, crowded, retry_after=1)},
            _TOO_OFTEN,
            method="POST",
        ),
        Refusal("TooOften", 429, "The API key asks too often.", message=_TOO_OFTEN, method="GET", keyed=True),
        Refusal(
            "Failed",
            500,
            "The fault is the service's, and is in its log.",
            {"a fault of ours": Problem(500, "the request failed; the fault is ours and is logged")},
        ),
        Refusal(
            "Unavailable",
            503,
            "The service is overloaded, not ready or not reachable. Ask again.",
            {"too busy": Problem(503, busy, retry_after=1)},
            _NO_BACKEND,
        ),
        Refusal("GatewayTimeout", 504, "The gateway had no answer in time.", message=_NO_ANSWER),
    ]


def wrong_method() -> Refusal:
    """The error of a method that a path does not have; it belongs to no operation."""
    problem = Problem(405, "GET came for /v1/predict, expected POST", allow="POST")
    return Refusal(
        "MethodNotAllowed",
        405,
        "The path has no such method; `Allow` names those that it has.",
        {"another method": problem},
        _WRONG_METHOD,
    )


def _invalid(service: "Service", default: Model | None) -> dict[str, Problem]:
    examples = {"a label without an id": _problem(lambda: _accept(service, b'{"labels": [{"id": "", "label": 1}]}'))}
    if default is not None:
        manifest, schema = default.manifest, default.schema
        feature = manifest.features[0]
        wrong: Any = [] if is_open(feature, counts_unseen=schema.counts_unseen) else "no such value"
        body = msgspec.json.encode({"instances": [{**manifest.example, feature.name: wrong}]})
        examples["a value that the model does not take"] = _problem(lambda: schema.decode(body))
    return examples


def _accept(service: "Service", body: bytes) -> None:
    """Give the label log something that it refuses before it writes."""
    service.labels.accept(body, _caller(b"application/json"), REQUEST_ID)


def _caller(content_type: bytes) -> Caller:
    return CallerReader("").read([(b"content-type", content_type)])


def _problem(refuse: Callable[[], object]) -> Problem:
    """The problem that a call ends in."""
    try:
        refuse()
    except Problem as problem:
        return problem
    raise AssertionError("an example of an error that is none")


def _reference(section: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{section}/{name}"}
