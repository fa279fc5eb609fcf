"""The HTTP API as FastAPI routes: what is documented, and where every request goes that needs no short way."""

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from fastapi import APIRouter, FastAPI, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.responses import FileResponse, HTMLResponse
from starlette.types import ASGIApp

from service.description import describe, list_models
from service.docs.openapi import TITLE, VERSION, OpenApi
from service.docs.page import Page
from service.docs.swagger import ASSETS, Documentation
from service.exchange import exchange_of
from service.inference_protocol.routes import inference_protocol
from service.prediction import Answer, Call
from service.problem import Problem

if TYPE_CHECKING:
    from service.service import Service


_JSON = "application/json"
_PUBLIC: dict[str, Any] = {"security": []}  # what the gateway lets everybody do

# What the document says of the two routes that may have a second path.
_PREDICT: dict[str, Any] = {
    "summary": "Predict with the default model",
    "description": "One prediction for each instance, in order, by the newest version of the default model.",
}
_READY: dict[str, Any] = {
    "summary": "Does it want traffic?",
    "description": "Whether this instance has its models and is not about to stop.",
    "openapi_extra": _PUBLIC,
}


class AnswerResponse(Response):
    """A whole answer, header for header."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body, answer.status)
        self.raw_headers = [*answer.headers, (b"content-length", b"%d" % len(answer.body))]


class _Api(FastAPI):
    """FastAPI without its outermost layer, which answers 500 in plain text; the exchange does in the one shape."""

    def build_middleware_stack(self) -> ASGIApp:
        stack = super().build_middleware_stack()
        return stack.app if isinstance(stack, ServerErrorMiddleware) else stack


def create_api(service: "Service") -> FastAPI:
    """The FastAPI application over a service's parts."""
    api = _Api(title=TITLE, version=VERSION, redirect_slashes=False, openapi_url=None)
    openapi = OpenApi(service, api.routes)
    api.openapi = openapi.document  # type: ignore[method-assign]  # FastAPI's own way to put another document there
    api.include_router(_predictions(service))
    api.include_router(_models(service))
    api.include_router(_health(service))
    api.include_router(_pages(service, openapi))
    api.include_router(inference_protocol(service))

    @api.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        allow = (error.headers or {}).get("Allow")
        problem = Problem(error.status_code, _detail(request, error, allow), allow=allow)
        return _refusal(request, problem)

    @api.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> Response:
        return _refusal(request, error)

    @api.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = "/".join(map(str, first["loc"]))
        return _refusal(request, Problem(422, f"{where}: {first['msg']}", reason="invalid"))

    return api


def _predictions(service: "Service") -> APIRouter:
    router = APIRouter(tags=["predictions"])

    async def answer(request: Request, model: str | None, version: str | None) -> Response:
        exchange = exchange_of(request)
        call = Call(model, version, await exchange.body(), exchange.caller, exchange.trace)
        return AnswerResponse(await service.predict(call))

    @router.post("/v1/predict", operation_id="predict", **_PREDICT)
    async def predict(request: Request) -> Response:
        return await answer(request, None, None)

    alias = service.settings.predict_route
    if alias not in {"", "/v1/predict"}:
        router.post(alias, operation_id="predict_alias", **_PREDICT)(predict)

    @router.post(
        "/v1/models/{model}/predict",
        operation_id="predict_model",
        summary="Predict with a model",
        description="One prediction for each instance, in order, by the model's newest version.",
    )
    async def predict_with_model(request: Request, model: str) -> Response:
        return await answer(request, model, None)

    @router.post(
        "/v1/models/{model}/versions/{version}/predict",
        operation_id="predict_version",
        summary="Predict with a version of a model",
        description="One prediction for each instance, in order, by this version.",
    )
    async def predict_with_version(request: Request, model: str, version: str) -> Response:
        return await answer(request, model, version)

    @router.post(
        "/v1/labels",
        operation_id="add_labels",
        summary="Say what became true",
        description="Add labels to predictions made before. A label may be sent again; the newest one of an id counts.",
    )
    async def labels(request: Request) -> dict[str, Any]:
        exchange = exchange_of(request)
        count = service.labels.accept(await exchange.body(), exchange.caller, exchange.request_id)
        return {"accepted": count}

    return router


def _models(service: "Service") -> APIRouter:
    router = APIRouter(tags=["models"])

    @router.get(
        "/v1/models",
        operation_id="list_models",
        summary="List the models",
        description="Every model being served, with its versions, and which one is the default.",
    )
    async def models() -> Response:
        return _json(list_models(service.registry))

    @router.get(
        "/v1/models/{model}",
        operation_id="get_model",
        summary="Describe a model",
        description="What the newest version takes and answers, how good it is, and a request to start from.",
    )
    async def describe_model(model: str) -> Response:
        return _json(describe(service.registry, service.registry.find(model, None)))

    @router.get(
        "/v1/models/{model}/versions/{version}",
        operation_id="get_version",
        summary="Describe a version of a model",
        description="What this version takes and answers, how good it is, and a request to start from.",
    )
    async def describe_version(model: str, version: str) -> Response:
        return _json(describe(service.registry, service.registry.find(model, version)))

    return router


def _health(service: "Service") -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get(
        "/health/live",
        operation_id="health_live",
        summary="Is it up?",
        description="Whether this instance answers at all.",
        openapi_extra=_PUBLIC,
    )
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @router.get("/health/ready", operation_id="health_ready", **_READY)
    async def ready() -> dict[str, str]:
        if not service.ready:
            raise Problem(503, "not ready for traffic", retry_after=1)
        return {"status": "ready"}

    alias = service.settings.health_route  # Vertex AI asks at a path of its own
    if alias not in {"", "/health/live", "/health/ready"}:
        router.get(alias, operation_id="health_ready_alias", **_READY)(ready)

    return router


def _pages(service: "Service", openapi: OpenApi) -> APIRouter:
    router = APIRouter(tags=["pages"])
    page = Page(service.registry)
    documentation = Documentation()

    @router.get(
        "/",
        operation_id="home",
        summary="Try a prediction",
        description="A page with a form for each model.",
        response_class=HTMLResponse,
        openapi_extra=_PUBLIC,
    )
    async def home() -> Response:
        return page.response()

    @router.get(
        "/docs",
        operation_id="docs",
        summary="Read the API",
        description="This document as a page.",
        response_class=HTMLResponse,
        openapi_extra=_PUBLIC,
    )
    async def docs() -> Response:
        return documentation.page()

    @router.get(
        "/docs/{asset}",
        operation_id="docs_asset",
        summary="Load a part of the documentation page",
        description="A script or a style of the documentation page.",
        response_class=FileResponse,
        responses={200: {"content": {"text/javascript": {}, "text/css": {}}}},
        openapi_extra=_PUBLIC,
    )
    async def docs_asset(asset: Annotated[str, Path(json_schema_extra={"enum": list(ASSETS)})]) -> Response:
        return documentation.asset(asset)

    @router.get(
        "/openapi.json",
        operation_id="openapi",
        summary="Get the OpenAPI document",
        description="This document as JSON; it follows the models that are served.",
        openapi_extra=_PUBLIC,
    )
    async def openapi_json() -> Response:
        headers = {"cache-control": "no-cache"}
        document = openapi.document()  # once a reload some milliseconds; a thread for it would keep 8 MB
        return Response(msgspec.json.encode(document), media_type=_JSON, headers=headers)

    return router


def _json(content: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(content), media_type=_JSON)


def _refusal(request: Request, problem: Problem) -> Response:
    return AnswerResponse(exchange_of(request).refusal(problem))


def _detail(request: Request, error: HTTPException, allow: str | None) -> str:
    if allow:
        return f"{request.method} came for {request.url.path}, expected {allow}"
    return f"there is nothing at {request.url.path}" if error.status_code == 404 else str(error.detail)  # noqa: PLR2004 - not found
