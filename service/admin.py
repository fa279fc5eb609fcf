"""The endpoints for operators, on a port of their own that no gateway reaches: metrics, health, reload."""

import asyncio
from typing import TYPE_CHECKING

from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from model_files.package import PackageError
from service.problem import Problem

if TYPE_CHECKING:
    from service.service import Service


def create_admin(service: "Service") -> Starlette:
    """The application of the metrics port."""

    async def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(service.metrics.registry), media_type=content_type)

    async def live(_: Request) -> Response:
        return JSONResponse({"status": "live"})

    async def ready(_: Request) -> Response:
        return JSONResponse({"status": "ready" if service.ready else "not ready"}, 200 if service.ready else 503)

    async def reload(_: Request) -> Response:
        try:
            result = await asyncio.to_thread(service.load)
        except PackageError as error:
            return Response(Problem(500, str(error)).body("reload"), 500, media_type="application/problem+json")
        return JSONResponse(result._asdict(), 409 if result.refused else 200)

    return Starlette(
        routes=[
            Route("/metrics", metrics),
            Route("/health/live", live),
            Route("/health/ready", ready),
            Route("/reload", reload, methods=["POST"]),
        ]
    )
