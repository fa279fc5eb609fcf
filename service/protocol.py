"""uvicorn's HTTP protocol with a short way for predictions.

A plain ``POST`` to a prediction route is answered as soon as its body is there: no ASGI scope, no task, no queue of
messages. Everything else (chunked or large bodies, ``Expect``, HTTP/1.0, upgrades, other routes, requests pipelined
behind one that is still being answered) goes uvicorn's ordinary way into the application, which answers alike.
"""

import asyncio
import time
from typing import TYPE_CHECKING, Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from service.caller import Caller
from service.coalescer import Coalescer
from service.prediction import Answer, Call
from service.problem import Problem
from service.tracing import Trace

if TYPE_CHECKING:
    from service.application import Application
    from service.service import Target


class PredictProtocol(HttpToolsProtocol):
    """One connection. Of the request on the short way it holds the target, the caller's headers and the body so far."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        application: Application = config.loaded_app
        self._service = application.service
        self._coalescer: Coalescer = application.coalescer(self.loop)
        self._began: float | None = None
        self._idle_since: float | None = time.perf_counter()
        self._length = -1
        self._target: Target | None = None
        self._body = b""
        self._caller: Caller | None = None
        self._trace: Trace | None = None
        self._answering = False
        self._keep_alive = True
        self._over = False
        self._unread_since: float | None = None
        self._defaults: list[tuple[bytes, bytes]] | None = None
        self._default_lines = b""

    # What the parser calls, in this order.

    def on_message_begin(self) -> None:
        """A request starts: remember when, and leave the ASGI scope for when it is needed."""
        if self._answering:
            self._coalescer.flush()  # pipelined behind a request of this turn: answers keep their order
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._length = -1
        self._began = time.perf_counter()
        self._idle_since = None

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        name = name.lower()
        if name == b"content-length":
            self._length = int(value)
        elif name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Decide which way the request goes."""
        if self._over:
            return
        if len(self.connections) > self._service.settings.max_connections:
            detail = f"{len(self.connections)} connections are open, more than this instance takes"
            self._turn_away(Problem(503, detail, retry_after=1))
            return
        if self.parser.should_upgrade() and self._has_body():  # which would be taken for another request
            self._turn_away(Problem(400, "this server upgrades no connection; ask without the Upgrade header"))
            return
        self._target = target = self._short_way()
        if target is None:
            self._take_ordinary_way()
            return
        self._body = b""
        self._caller = self._service.callers.read(self.headers)
        self._trace = self._service.tracer.sample(self._caller.traceparent)

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if self._target is not None:
            self._body = self._body + body if self._body else body
        elif not self._over:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is there."""
        target, caller = self._target, self._caller
        if target is None or caller is None:
            if not self._over:
                super().on_message_complete()
            return
        self._keep_alive = self.parser.should_keep_alive()
        self._answering = True
        call = Call(target.model, target.version, self._body, caller, self._trace)
        self._coalescer.submit(call, self._reply)

    # What the server and the transport call.

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone; a request on the short way is answered into nothing."""
        self._began = None
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The caller does not read its answers, so it may not ask on."""
        super().pause_writing()
        self._unread_since = time.perf_counter()
        self.flow.pause_reading()

    def resume_writing(self) -> None:
        """The caller reads again."""
        super().resume_writing()
        self._unread_since = None
        self.flow.resume_reading()

    def shutdown(self) -> None:
        """Stop after the request under way, if there is one."""
        if self._began is not None:
            self._service.draining = True
        else:
            super().shutdown()

    def sweep(self, now: float) -> None:
        """Close the connection if it has been idle, or has kept us waiting for the rest of a request, too long."""
        settings = self._service.settings
        if self._unread_since is not None and now - self._unread_since > settings.deadline_seconds:
            self.transport.abort()
        elif self._idle_since is not None and now - self._idle_since > settings.keep_alive_seconds:
            if self.transport.get_write_buffer_size():  # it does not read either, so it would never be closed
                self.transport.abort()
            else:
                self.transport.close()
        elif self._began is not None and not self._answering and now - self._began > settings.deadline_seconds:
            self._turn_away(Problem(408, f"the request was not complete after {settings.deadline_seconds:g} s"))

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words; ours say the same to everybody
        """Answer what is not HTTP in the one error shape, after what was asked before it."""
        self._coalescer.flush()
        cycle = self._cycle_under_way()
        if cycle is not None and not cycle.more_body:
            cycle.keep_alive = False
            self._over = True
            return
        if cycle is not None:
            cycle.disconnected = cycle.response_complete = True
            cycle.message_event.set()
        if not self.transport.is_closing():
            self.headers = []
            self._turn_away(Problem(400, "this is not a valid HTTP request", reason="malformed"))

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing: the caller was told."""

    def _turn_away(self, problem: Problem) -> None:
        """Answer at once and close; whatever else comes on this connection is not read."""
        cycle = self._cycle_under_way()
        if cycle is not None:  # what was asked before is answered, and nothing after it
            cycle.keep_alive = False
            self._over = True
            return
        self._keep_alive = False
        caller = self._caller or self._service.callers.read(self.headers or ())
        self._reply(self._service.refuse(problem, caller, self._trace))

    def _has_body(self) -> bool:
        return self._length > 0 or any(name == b"transfer-encoding" for name, _ in self.headers)

    def _cycle_under_way(self) -> RequestResponseCycle | None:
        cycle: RequestResponseCycle | None = self.cycle
        return None if cycle is None or cycle.response_complete else cycle

    def _short_way(self) -> "Target | None":
        if (
            self._cycle_under_way() is not None
            or self.expect_100_continue
            or self.parser.should_upgrade()
            or self.parser.get_method() != b"POST"
            or self.parser.get_http_version() != "1.1"
        ):
            return None
        target = self._service.targets.get(self.url)
        if target is None or not 0 <= self._length <= target.inline_bytes:
            return None
        return target

    def _take_ordinary_way(self) -> None:
        self._began = None
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.headers, self.expect_100_continue = url, headers, expect
        self.scope["headers"] = headers
        super().on_headers_complete()

    def _reply(self, answer: Answer) -> None:
        began, target, trace = self._began, self._target, self._trace
        self._answering = False
        self._target = self._caller = self._trace = None
        now = time.perf_counter()
        if began is not None:
            method, route = ("POST", target.route) if target else ("", "unmatched")
            self._service.observe(method, route, answer.status, now - began, answer.request_id, trace)
        self._began = None
        self._idle_since = now
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        close = self._over = not self._keep_alive or self._service.draining
        if self._defaults is not self.server_state.default_headers:  # uvicorn makes new ones with every second's date
            self._defaults = self.server_state.default_headers
            self._default_lines = _lines(self._defaults)
        last = b"content-length: %d\r\n%b\r\n" % (len(answer.body), b"connection: close\r\n" if close else b"")
        head = STATUS_LINE[answer.status] + self._default_lines + _lines(answer.headers) + last
        self.transport.write(head + answer.body)
        if close:
            self.transport.close()


def _lines(headers: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join([b"%b: %b\r\n" % header for header in headers])
