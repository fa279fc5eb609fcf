"""A receiver of OTLP over HTTP: what a collector would get."""

import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Received:
    """A span as it arrived."""

    def __init__(self, span: Span, resource: dict[str, Any]) -> None:
        self.name = span.name
        self.trace_id = span.trace_id.hex()
        self.span_id = span.span_id.hex()
        self.parent = span.parent_span_id.hex()
        self.start = span.start_time_unix_nano
        self.end = span.end_time_unix_nano
        self.is_server = span.kind == Span.SPAN_KIND_SERVER
        self.is_error = span.status.code == 2
        self.attributes = _plain(span.attributes)
        self.resource = resource


class Receiver:
    """Listens on a port of its own, decodes what comes and keeps it; answers ``statuses`` in turn, then 200."""

    def __init__(self, statuses: Iterable[int] = ()) -> None:
        self.spans: list[Received] = []
        self.headers: list[dict[str, str]] = []
        receiver = self
        coming = iter(statuses)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status = next(coming, 200)
                receiver.headers.append({name.lower(): value for name, value in self.headers.items()})
                if status == 200:
                    receiver._take(self.path, self.headers["content-type"], body)
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(status)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="receiver")

    @property
    def endpoint(self) -> str:
        """Where spans are sent to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1/traces"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def named(self, name: str) -> list[Received]:
        """The spans of a name, in order of time."""
        return sorted((span for span in self.spans if span.name == name), key=lambda span: span.start)

    def _take(self, path: str, content_type: str, body: bytes) -> None:
        assert (path, content_type) == ("/v1/traces", "application/x-protobuf")
        for spans in ExportTraceServiceRequest.FromString(body).resource_spans:
            resource = _plain(spans.resource.attributes)
            self.spans += [Received(span, resource) for scope in spans.scope_spans for span in scope.spans]


def _plain(attributes: Iterable[Any]) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}
