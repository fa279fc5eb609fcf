"""A small HTTP server on a port of its own: metrics, and whether the process is there."""

from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

_TEXT = "text/plain; charset=utf-8"


class Server(ThreadingHTTPServer):
    """Serves ``/metrics``, ``/health/live`` and ``/health/ready``."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], registry: CollectorRegistry) -> None:
        """Listen.

        Raises:
            OSError: if the address is taken.
        """
        self.registry = registry
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    server_version, sys_version = "puerta", ""

    def do_GET(self) -> None:
        """Answer one request."""
        match urlsplit(self.path).path:
            case "/metrics":
                encode, kind = choose_encoder(self.headers.get("accept", ""))
                self._answer(HTTPStatus.OK, encode(self.server.registry), kind)
            case "/health/live" | "/health/ready":
                self._answer(HTTPStatus.OK, b"ok\n", _TEXT)
            case _:
                self._answer(HTTPStatus.NOT_FOUND, b"not found; /metrics is here\n", _TEXT)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing: who scrapes knows."""

    def _answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
