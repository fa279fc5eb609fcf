"""A receiver of spans (OTLP over HTTP) that takes them and keeps none: with one, the service's histograms have exemplars."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_OTLP = "application/x-protobuf"  # an empty body is a message too: everything was taken


class _Taken(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Take what was sent."""
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-type", _OTLP)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing of it."""


@contextmanager
def receiver() -> Iterator[str]:
    """Listen until the block ends; gives the URL to send spans to."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Taken) as server:
        listening = threading.Thread(target=server.serve_forever, daemon=True)
        listening.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/traces"
        finally:
            server.shutdown()
            listening.join()
