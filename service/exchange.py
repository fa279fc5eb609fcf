"""One HTTP request on its way through the ASGI application: who asks, its limits, its answer, its measure."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

import msgspec

from service.prediction import Answer
from service.problem import Problem

if TYPE_CHECKING:
    from starlette.requests import Request

    from service.service import Service

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_log = logging.getLogger("puerta.exchange")
_CLOSE = (b"connection", b"close")
_TOO_LARGE = 413
_GONE = 499  # as nginx counts it; there is nobody to answer
_LINGER_SECONDS = 2.0
_INFERENCE_PROTOCOL = "/v2"


class Disconnected(Exception):  # noqa: N818 - nobody's error
    """The caller went away before its request was complete."""


class Exchange:
    """A request and its answer. What handles it calls ``receive`` and ``send`` of this object, or ``answer``."""

    def __init__(
        self,
        service: "Service",
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        route: str = "unmatched",
        first: Message | None = None,
    ) -> None:
        """``route`` is the template, where it is known already; ``first`` is what was received already."""
        self.scope = scope
        self.route = route
        self._service = service
        self._receive = receive
        self._first = first
        self._send = send
        self._began = time.perf_counter()
        self._method: str = scope["method"]
        self.caller = service.callers.read(scope["headers"])
        self.request_id = self.caller.request_id or service.identifiers.first(service.identifiers.draw())
        self.caller = msgspec.structs.replace(self.caller, request_id=self.request_id)
        self.trace = service.tracer.sample(self.caller.traceparent)
        self._size = 0
        self._complete = False
        self._status = 0
        self._lingers = False
        scope.setdefault("state", {})["exchange"] = self

    async def run(self, handle: Callable[["Exchange"], Awaitable[None]]) -> None:
        """Handle the request within the service's limits; whatever happens, one answer leaves in the one shape."""
        service = self._service
        entered = False
        try:
            if self._method == "POST":
                service.admission.enter(self.caller.client)
                entered = True
            async with asyncio.timeout(service.settings.deadline_seconds):
                await handle(self)
        except Problem as problem:
            await self._refuse(problem)
        except TimeoutError:
            await self._refuse(self._too_late())
        except Disconnected:
            self._status = _GONE
        except Exception:  # noqa: BLE001 - whatever it is, the caller gets one answer
            _log.exception("request failed", extra={"request_id": self.request_id})
            await self._refuse(Problem(500, "the request failed; the fault is ours and is logged"))
        finally:
            if entered:
                service.admission.leave(self.caller.client)
            self._observe()
        if self._lingers:
            await self._linger()

    async def body(self) -> bytes:
        """The whole body.

        Raises:
            Problem: 413 where it is larger than the service takes.
            Disconnected: where the caller went away.
        """
        self._require_small(self.caller.content_length)
        parts = []
        more = True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def answer(self, answer: Answer) -> None:
        """Send a whole answer."""
        self._status = answer.status
        await self._deliver(answer_start(answer, close=self._closes(answer.status)))
        await self._deliver({"type": "http.response.body", "body": answer.body, "more_body": False})

    async def receive(self) -> Message:
        """ASGI's receive, holding the body to its limit.

        Raises:
            Problem: 413.
        """
        message, self._first = self._first or await self._receive(), None
        if message["type"] == "http.request":
            self._size += len(message.get("body", b""))
            self._complete = not message.get("more_body", False)
            self._require_small(self._size)
        return message

    async def send(self, message: Message) -> None:
        """ASGI's send, adding the headers that every answer carries."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = list(message.get("headers", ()))
            present = {name for name, _ in headers}
            if b"x-request-id" not in present:
                headers.append((b"x-request-id", self.request_id.encode()))
                if self.trace:
                    headers.append((b"traceparent", self.trace.traceparent))
            if self._closes(self._status):
                headers.append(_CLOSE)
            message["headers"] = headers
        await self._deliver(message)

    def refusal(self, problem: Problem) -> Answer:
        """The answer that a problem is; under ``/v2`` with the Open Inference Protocol's own member."""
        answer = self._service.predictor.refuse(problem, self.request_id, self.trace)
        if self.scope["path"].startswith(_INFERENCE_PROTOCOL):
            return msgspec.structs.replace(answer, body=problem.body(self.request_id, inference_protocol=True))
        return answer

    async def _refuse(self, problem: Problem) -> None:
        if self._status:
            raise problem  # the answer had begun: all that is left is to cut it off
        await self.answer(self.refusal(problem))

    async def _deliver(self, message: Message) -> None:
        """Send, but hold back the end of an answer to a body that was not read: its end closes the connection."""
        if self._status == _TOO_LARGE and not self._complete and message["type"] == "http.response.body":
            self._lingers = True
            message = {**message, "more_body": True}
        await self._send(message)

    async def _linger(self) -> None:
        """Read on for a moment: closing on unread bytes resets the connection, and the caller never sees the answer."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                while (await self._receive()).get("more_body", False):
                    pass
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def _observe(self) -> None:
        seconds = time.perf_counter() - self._began
        status = self._status or _GONE
        self._service.observe(self._method, self.route, status, seconds, self.request_id, self.trace)

    def _too_late(self) -> Problem:
        limit = f"{self._service.settings.deadline_seconds:g} s"
        if self._complete or self._method != "POST":
            return Problem(503, f"there was no answer within {limit}", retry_after=1)
        return Problem(408, f"the request was not complete after {limit}")

    def _require_small(self, size: int) -> None:
        most = self._service.settings.max_body_bytes
        if size > most:
            raise Problem(413, f"the body has {size} bytes or more, the most is {most}", reason="body_size")

    def _closes(self, status: int) -> bool:
        return self._service.draining or status in {408, _TOO_LARGE}


def exchange_of(request: "Request") -> Exchange:
    """The exchange that a request belongs to."""
    exchange: Exchange = request.scope["state"]["exchange"]
    return exchange


def answer_start(answer: Answer, *, close: bool) -> Message:
    """The ASGI message that a whole answer begins with."""
    headers = [*answer.headers, (b"content-length", b"%d" % len(answer.body))]
    if close:
        headers.append(_CLOSE)
    return {"type": "http.response.start", "status": answer.status, "headers": headers}
