"""A tiny OTLP/HTTP receiver, so that exporting traces costs what it costs, and what arrived can be counted."""

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


class Count:
    """How many spans have arrived, and of how many different traces. Safe from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans = 0
        self._traces: set[bytes] = set()

    @property
    def spans(self) -> int:
        """How many spans have arrived."""
        with self._lock:
            return self._spans

    @property
    def traces(self) -> int:
        """How many different traces they belong to."""
        with self._lock:
            return len(self._traces)

    def take(self, body: bytes) -> None:
        """Count one exported message.

        Raises:
            google.protobuf.message.DecodeError: if it is none.
        """
        message = ExportTraceServiceRequest.FromString(body)
        ids = [
            span.trace_id
            for resource in message.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        with self._lock:
            self._spans += len(ids)
            self._traces.update(ids)


class Receiver:
    """Listens on a port of its own and counts what it is sent, at any path. Use as a context manager."""

    def __init__(self) -> None:
        self.count = Count()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.count))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="otlp-receiver", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def endpoint(self) -> str:
        """The whole address that an exporter is given."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1/traces"


def _handler(count: Count) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self._body()
            count.take(gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def _body(self) -> bytes:
            if self.headers.get("transfer-encoding") != "chunked":
                return self.rfile.read(int(self.headers["content-length"]))
            body = b""
            while size := int(self.rfile.readline(), 16):  # as Envoy sends it; RFC 9112, section 7.1
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing: the count is the log."""

    return Handler
