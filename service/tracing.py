"""OpenTelemetry traces over OTLP/HTTP, decided before a span exists: an unsampled request costs one coin toss.

OpenTelemetry is imported only where traces are sent: it takes five megabytes.
"""

import random
import re
import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import SpanContext
    from opentelemetry.trace import Tracer as SpanMaker

# https://www.w3.org/TR/trace-context/#traceparent-header, version 00; identifiers of nothing but zeros are invalid
_TRACEPARENT: Final = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
_FLUSH_SECONDS: Final = 5.0  # a receiver that is gone does not keep the process from ending
_SAMPLED: Final = 1
_SERVER_ERROR: Final = 500


class Trace:
    """A sampled request: its server span, and the steps recorded below it."""

    def __init__(self, tracer: "SpanMaker", name: str, parent: "SpanContext | None") -> None:
        from opentelemetry.trace import NonRecordingSpan, SpanKind, set_span_in_context

        self._tracer = tracer
        parent_context = set_span_in_context(NonRecordingSpan(parent)) if parent else None
        self._span = tracer.start_span(name, parent_context, kind=SpanKind.SERVER)
        self._context = set_span_in_context(self._span)
        identity = self._span.get_span_context()
        self.trace_id = f"{identity.trace_id:032x}"
        self.traceparent = f"00-{self.trace_id}-{identity.span_id:016x}-01".encode()

    def step(self, name: str, start: int, end: int, attributes: dict[str, str | int] | None = None) -> None:
        """Record a step that is over; ``start`` and ``end`` are ``time.time_ns()``."""
        self._tracer.start_span(name, self._context, start_time=start, attributes=attributes).end(end)

    def end(self, *, method: str, route: str, status: int, request_id: str) -> None:
        """End the server span, with the semantic conventions' attributes of an HTTP server."""
        self._span.update_name(f"{method} {route}")
        self._span.set_attributes(
            {
                "http.request.method": method,
                "http.route": route,
                "http.response.status_code": status,
                "puerta.request_id": request_id,
            }
        )
        if status >= _SERVER_ERROR:
            from opentelemetry.trace import Status, StatusCode

            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end(time.time_ns())


class Tracer:
    """Decides which requests are traced, and sends their spans."""

    def __init__(self, ratio: float, exporter: "SpanExporter | None", instance: str) -> None:
        """Without an exporter nothing is ever sampled."""
        self._ratio = ratio
        self._tracer: SpanMaker | None = None
        if exporter is None:
            return
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ALWAYS_ON

        resource = Resource({"service.name": "puerta-service", "service.instance.id": instance})
        self._provider = TracerProvider(sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._exporter = exporter
        self._tracer = self._provider.get_tracer("puerta.service")

    def sample(self, name: str, traceparent: bytes | None) -> Trace | None:
        """A trace, where the caller's own is sampled, or where there is none and the coin says so."""
        if self._tracer is None:
            return None
        if traceparent is not None:
            match = _TRACEPARENT.fullmatch(traceparent)
            if match:
                if not int(match[3], 16) & _SAMPLED:
                    return None
                return Trace(self._tracer, name, _parent(match))
        if random.random() >= self._ratio:  # noqa: S311 - a coin toss, not a secret
            return None
        return Trace(self._tracer, name, None)

    def flush(self) -> None:
        """Send what is waiting, and stop; what a receiver does not take in a few seconds is lost."""
        if self._tracer is None:
            return
        sending = threading.Thread(target=self._provider.shutdown, name="flush traces", daemon=True)
        sending.start()
        sending.join(_FLUSH_SECONDS)
        if sending.is_alive():
            self._exporter.shutdown()  # ends its retries


def _parent(match: re.Match[bytes]) -> "SpanContext":
    from opentelemetry.trace import SpanContext, TraceFlags

    return SpanContext(int(match[1], 16), int(match[2], 16), is_remote=True, trace_flags=TraceFlags(_SAMPLED))


def make_exporter(endpoint: str) -> "SpanExporter | None":
    """The OTLP/HTTP exporter of an endpoint; None where none is set."""
    if not endpoint:
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(endpoint=endpoint, timeout=5)
