"""Stands in for the service where a test wants it to fail, or to be slow: copied to a folder's ``service/__main__.py``.

``STUB`` says how it behaves: ``dies`` at once, ``unready`` for ever, or (the default) answers. ``POST /v1/labels``
takes ``STUB_DELAY`` seconds. SIGTERM ends it at once: whoever stops it before the gateway drops what is under way.
"""

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

EXAMPLE = {"instances": [{"color": "blue"}]}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65_536

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        if self.path == "/health/ready" and os.environ.get("STUB") == "unready":
            self._send(503, {})
        elif self.path == "/v1/models":
            self._send(200, {"default": "colors"})
        elif self.path == "/v1/models/colors":
            self._send(200, {"example": EXAMPLE})
        else:
            self._send(200, {})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path == "/v1/labels":
            time.sleep(float(os.environ["STUB_DELAY"]))
        self._send(200, {"process": os.getpid()})

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve until SIGTERM."""
    print("the stub is starting", flush=True)  # noqa: T201 - its log
    if os.environ.get("STUB") == "dies":
        sys.exit("the model is broken")
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    server = ThreadingHTTPServer((os.environ["PUERTA_HOST"], int(os.environ["PUERTA_PORT"])), _Handler)
    server.daemon_threads = True
    server.serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    main()
