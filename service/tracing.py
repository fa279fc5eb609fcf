"""OpenTelemetry traces, decided before a span exists: an unsampled request costs one coin toss.

The spans are OTLP's own messages, made once where they end; no SDK stands between (``README.md`` says what it cost).
Protobuf is imported only where traces are sent.
"""

import os
import random
import re
import time
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import KeyValue
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

# https://www.w3.org/TR/trace-context/#traceparent-header, version 00; identifiers of nothing but zeros are invalid
_TRACEPARENT: Final = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
_SAMPLED: Final = 0x01
_PARENT_KNOWN: Final = 0x100  # SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK
_PARENT_REMOTE: Final = 0x200  # SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK
_TRACE_BYTES: Final = 16
_SPAN_BYTES: Final = 8
_SERVER_ERROR: Final = 500

Attributes = dict[str, str | int]


class Exporter(Protocol):
    """Where spans go. ``add`` never blocks."""

    def add(self, span: "Span") -> None:
        """Send a span, some time."""

    def close(self) -> None:
        """Send what is waiting, and stop."""


class Trace:
    """A sampled request: its server span, and the steps recorded below it."""

    def __init__(self, exporter: Exporter, trace_id: bytes, parent_id: bytes = b"") -> None:
        """Without a ``parent_id`` the request is the root of its trace."""
        self._add = exporter.add
        self._began = time.time_ns()
        self._trace_id = trace_id
        self._parent_id = parent_id
        self._span_id = os.urandom(_SPAN_BYTES)  # not random's: its state is shared by processes that are forked
        self.trace_id = trace_id.hex()
        self.traceparent = f"00-{self.trace_id}-{self._span_id.hex()}-01".encode()

    def step(self, name: str, start: int, end: int, attributes: Attributes | None = None) -> None:
        """Record a step that is over; ``start`` and ``end`` are ``time.time_ns()``."""
        from opentelemetry.proto.trace.v1.trace_pb2 import Span

        span = Span(
            trace_id=self._trace_id,
            span_id=os.urandom(_SPAN_BYTES),
            parent_span_id=self._span_id,
            flags=_SAMPLED | _PARENT_KNOWN,
            name=name,
            kind=Span.SPAN_KIND_INTERNAL,
            start_time_unix_nano=start,
            end_time_unix_nano=end,
            attributes=_key_values(attributes or {}),
        )
        self._add(span)

    def end(self, *, method: str, route: str, status: int, request_id: str) -> None:
        """End the server span, with the semantic conventions' attributes of an HTTP server."""
        from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

        attributes: Attributes = {
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": status,
            "puerta.request_id": request_id,
        }
        span = Span(
            trace_id=self._trace_id,
            span_id=self._span_id,
            parent_span_id=self._parent_id,
            flags=_SAMPLED | _PARENT_KNOWN | (_PARENT_REMOTE if self._parent_id else 0),
            name=f"{method} {route}",
            kind=Span.SPAN_KIND_SERVER,
            start_time_unix_nano=self._began,
            end_time_unix_nano=time.time_ns(),
            attributes=_key_values(attributes),
            status=Status(code=Status.STATUS_CODE_ERROR) if status >= _SERVER_ERROR else None,
        )
        self._add(span)


class Tracer:
    """Decides which requests are traced."""

    def __init__(self, ratio: float, exporter: Exporter | None) -> None:
        """Without an exporter nothing is ever sampled."""
        self._ratio = ratio
        self._exporter = exporter

    def sample(self, traceparent: bytes | None) -> Trace | None:
        """A trace, where the caller's own is sampled, or where there is none and the coin says so."""
        if self._exporter is None:
            return None
        if traceparent is not None:
            match = _TRACEPARENT.fullmatch(traceparent)
            if match:
                if not int(match[3], 16) & _SAMPLED:
                    return None
                return Trace(self._exporter, bytes.fromhex(match[1].decode()), bytes.fromhex(match[2].decode()))
        if random.random() >= self._ratio:  # noqa: S311 - a coin toss, not a secret
            return None
        return Trace(self._exporter, os.urandom(_TRACE_BYTES))

    def close(self) -> None:
        """Send what is waiting, and stop."""
        if self._exporter is not None:
            self._exporter.close()


def _key_values(attributes: Attributes) -> "list[KeyValue]":
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

    return [
        KeyValue(key=key, value=AnyValue(int_value=value) if isinstance(value, int) else AnyValue(string_value=value))
        for key, value in attributes.items()
    ]
