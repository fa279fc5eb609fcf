"""The ASGI application: predictions are answered before any router, everything else goes into FastAPI."""

import asyncio
import logging
import os
import time
import types
from collections.abc import Awaitable, Coroutine, Generator
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from model_files.package import PackageError
from service.caller import Caller
from service.coalescer import Coalescer
from service.exchange import Exchange, Message, Receive, Scope, Send, answer_start
from service.metrics import Metrics
from service.prediction import Answer, Call
from service.service import Service, Target
from service.settings import Settings, read_settings
from service.tracing import Exporter, Tracer

if TYPE_CHECKING:
    from fastapi import FastAPI

_log = logging.getLogger("puerta.application")
_TICK = 1.0  # seconds


class Application:
    """The ASGI application: predictions are answered before any router, everything else goes into FastAPI."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._coalescer: Coalescer | None = None
        self._opening: asyncio.Future[FastAPI] | None = None
        self._ticker: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's scope."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] == "websocket":  # there are none here
            await receive()
            await send({"type": "websocket.close"})
            return
        target = self.service.targets.get(scope["path"].encode()) if scope["method"] == "POST" else None
        if target is None:
            await Exchange(self.service, scope, receive, send).run(self._ask_api)
            return
        began = time.perf_counter()
        caller = self.service.callers.read(scope["headers"])
        message: Message | None = None
        if 0 <= caller.content_length <= target.inline_bytes:
            waiting = _coroutine(receive())
            try:
                future = waiting.send(None)
            except StopIteration as there:  # nearly always: it needs neither a timer nor a turn of the loop
                message = there.value
            else:
                try:
                    async with asyncio.timeout(self.service.settings.deadline_seconds):
                        message = await _resume(waiting, future)
                except TimeoutError:
                    await Exchange(self.service, scope, receive, send, route=target.route).run(_give_up)
                    return
            body = message.get("body", b"")
            # By its length: granian says that there is more even where there is not.
            if message["type"] == "http.request" and len(body) == caller.content_length:
                await self._answer_at_once(target, began, caller, body, send)
                return
        exchange = Exchange(self.service, scope, receive, send, route=target.route, first=message)
        await exchange.run(partial(self._predict, target))

    @cached_property
    def api(self) -> "FastAPI":
        """All the other routes. FastAPI takes longer to import than everything else together."""
        from service.api import create_api

        return create_api(self.service)

    def coalescer(self, loop: asyncio.AbstractEventLoop) -> Coalescer:
        """The one coalescer of the server's loop; in tests a loop may follow another."""
        if self._coalescer is None or self._coalescer.loop is not loop:
            self._coalescer = Coalescer(self.service.predictor, loop)
        return self._coalescer

    async def _answer_at_once(self, target: Target, began: float, caller: Caller, body: bytes, send: Send) -> None:
        """A small request that is there in whole needs no place in a queue."""
        service = self.service
        trace = service.tracer.sample(caller.traceparent)
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Answer] = loop.create_future()
        call = Call(target.model, target.version, body, caller, trace)
        self.coalescer(loop).submit(call, answered.set_result)
        answer = await answered
        await send(answer_start(answer, close=service.draining))
        await send({"type": "http.response.body", "body": answer.body, "more_body": False})
        service.observe("POST", target.route, answer.status, time.perf_counter() - began, answer.request_id, trace)

    async def _predict(self, target: Target, exchange: Exchange) -> None:
        body = await exchange.body()
        call = Call(target.model, target.version, body, exchange.caller, exchange.trace)
        await exchange.answer(await self.service.predict(call))

    async def opened(self) -> "FastAPI":
        """The other routes, when they are there."""
        return self.api if self._opening is None else await asyncio.shield(self._opening)

    async def _ask_api(self, exchange: Exchange) -> None:
        api = await self.opened()
        try:
            await api(exchange.scope, exchange.receive, exchange.send)
        finally:
            route = exchange.scope.get("route")
            exchange.route = getattr(route, "path", "unmatched")

    async def _live(self, receive: Receive, send: Send) -> None:
        """ASGI's lifespan: https://asgi.readthedocs.io/en/latest/specs/lifespan.html."""
        await receive()
        try:
            self._start()
        except (PackageError, OSError) as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._stop()
        await send({"type": "lifespan.shutdown.complete"})

    def _start(self) -> None:
        service = self.service
        for log in service.segments.values():
            log.recover()
        service.load()
        if not any(service.registry):
            raise PackageError(f"{service.settings.models_dir}: there is no model to serve")
        default = service.settings.default_model
        if default and default not in {model.name for model in service.registry}:
            there = ", ".join(sorted({model.name for model in service.registry}))
            raise PackageError(f"PUERTA_DEFAULT_MODEL is {default!r}, which is not packaged; there are: {there}")
        self._ticker = asyncio.create_task(self._tick())
        # While the first predictions are answered: they do not need it.
        self._opening = asyncio.get_running_loop().run_in_executor(None, getattr, self, "api")
        service.ready = True
        service.metrics.ready.set(1)

    def _stop(self) -> None:
        self.service.ready = False
        if self._ticker is not None:
            self._ticker.cancel()
        self.service.close()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            try:
                self.service.tick()
            except OSError as error:
                _log.error("a log segment could not be closed", extra={"reason": str(error)})


def _coroutine(receiving: Awaitable[Message]) -> Coroutine[Any, Any, Message]:
    """What can be begun by hand, whatever a server's ``receive`` returns: granian's has neither ``send`` nor ``throw``."""
    return receiving if type(receiving) is types.CoroutineType else _await(receiving)


async def _await(receiving: Awaitable[Message]) -> Message:
    return await receiving


@types.coroutine
def _resume(waiting: Coroutine[Any, Any, Message], future: Any) -> Generator[Any, Any, Message]:
    """Go on awaiting what was begun by hand, and came to wait for ``future``."""
    try:
        while True:
            try:
                value = yield future
            except BaseException as error:  # noqa: BLE001 - whatever the loop throws in is for what waits
                future = waiting.throw(error)
            else:
                future = waiting.send(value)
    except StopIteration as done:
        message: Message = done.value
        return message


async def _give_up(_: Exchange) -> None:
    raise TimeoutError


def assemble(settings: Settings) -> Application:
    """Wire the parts of one process together."""
    if "://" in settings.models_dir:  # a plain folder needs none of the code that fetches
        from service.storage import models_folder

        settings = replace(settings, models_dir=str(models_folder(settings.models_dir, os.environ)))
    metrics = Metrics()
    tracer = Tracer(settings.trace_ratio, _exporter(settings, metrics))
    return Application(Service(settings, metrics, tracer))


def _exporter(settings: Settings, metrics: Metrics) -> Exporter | None:
    if not settings.otlp_endpoint:
        return None
    from service.span_exporter import make_exporter  # and protobuf, which nothing else here needs

    return make_exporter(settings.otlp_endpoint, dict(settings.otlp_headers), settings.name, metrics)


def application() -> Application:
    """The application for any ASGI server, from the environment: ``uvicorn --factory service.application:application``."""
    return assemble(read_settings(os.environ))
