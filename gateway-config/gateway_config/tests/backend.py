"""A service that notes what it is asked, and answers as a test wants it to."""

import contextlib
import json
import socket
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from gateway_config.envoy.bootstrap import Address


@dataclass(frozen=True)
class Seen:
    """A request that reached the backend."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> list[str]:
        """All values of a header."""
        return [value for key, value in self.headers if key.lower() == name]


class Backend:
    """An HTTP/1.1 server on a free loopback port. Health probes are answered and not noted.

    ``/slow`` answers after ``delay`` seconds, ``/v1/refuse`` with 422, and ``break_off`` requests are not answered. Every
    answer has the headers that it ``says``.
    ``status`` is that of its answers.
    """

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.ready = True
        self.delay = 0.0
        self.break_off = 0
        self.says: dict[str, str] = {}
        self.status = 200
        self.arrived = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.address = Address("127.0.0.1", self._server.server_port)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.die()

    def die(self) -> None:
        """Stop listening and break off every connection, answered or not."""
        self._server.shutdown()
        self._server.server_close()
        for connection in self._server.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # with the five of the standard library, callers that come at once wait a second

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.connections: list[socket.socket] = []

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self.connections.append(connection)
        return connection, address


def _handler(backend: Backend) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65_536  # an answer in one piece

        def log_message(self, *_: Any) -> None:
            pass

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.path == "/health/ready":
                return self._send(200 if backend.ready else 503, "application/json", b"{}")
            backend.seen.append(Seen(self.command, self.path, list(self.headers.items()), body))
            backend.arrived.set()
            if backend.break_off > 0:  # no answer at all
                backend.break_off -= 1
                self.close_connection = True
                return None
            if self.path == "/slow":
                time.sleep(backend.delay)
            if self.path == "/v1/refuse":
                return self._send(422, "application/problem+json", b'{"title":"Unprocessable Content"}')
            return self._send(
                backend.status, "application/json", json.dumps({"backend": str(backend.address)}).encode()
            )

        do_GET = do_POST = _answer  # noqa: N815 - http.server's names

        def _send(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            for name, value in backend.says.items():
                self.send_header(name, value)
            if self.headers.get("x-request-id"):
                self.send_header("x-request-id", self.headers["x-request-id"])
            self.end_headers()
            self.wfile.write(body)

    return Handler
