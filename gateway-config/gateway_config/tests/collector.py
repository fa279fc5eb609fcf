"""A receiver of OTLP over HTTP: what a collector would get from the gateway."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status


class Received:
    """A span as it arrived: identifiers in hexadecimal."""

    def __init__(self, span: Any) -> None:
        self.name = span.name
        self.trace, self.identifier, self.parent = (
            each.hex() for each in (span.trace_id, span.span_id, span.parent_span_id)
        )
        self.is_server = span.kind == Span.SPAN_KIND_SERVER
        self.is_error = span.status.code == Status.STATUS_CODE_ERROR
        self.attributes = {one.key: one.value.string_value for one in span.attributes}


class Collector:
    """Listens on a free port, with TLS if it has a certificate and its key.

    It keeps what comes: the spans, and headers and bodies as they were on the wire.
    """

    def __init__(self, certificate: tuple[Path, Path] | None = None) -> None:
        self.spans: list[Received] = []
        self.services: set[str] = set()
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                collector.headers.append({name.lower(): value for name, value in self.headers.items()})
                body = self._body()
                if (self.path, self.headers["content-type"]) == ("/v1/traces", "application/x-protobuf"):
                    collector._take(body)
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def _body(self) -> bytes:
                """Envoy sends chunks."""
                if "content-length" in self.headers:
                    return self.rfile.read(int(self.headers["content-length"]))
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    @property
    def endpoint(self) -> str:
        """Where spans are sent to."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}/v1/traces"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _take(self, body: bytes) -> None:
        self.bodies.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.services |= {
                one.value.string_value for one in resource.resource.attributes if one.key == "service.name"
            }
            self.spans += [Received(span) for scope in resource.scope_spans for span in scope.spans]
