"""Sends spans to an OTLP/HTTP receiver, from a thread of its own.

The protocol: https://opentelemetry.io/docs/specs/otlp/#otlphttp, binary protobuf. What a receiver asks to have again is
sent again; what waits is bounded, and what is lost is counted.
"""

import http.client
import logging
import threading
from collections import deque
from collections.abc import Mapping
from typing import Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from service.metrics import Metrics

_log = logging.getLogger("puerta.traces")
_EVERY: Final = 1.0  # seconds between two requests
_PATIENCE: Final = 5.0  # seconds that a receiver may take; one that is gone does not keep the process from ending
_LONGEST_PAUSE: Final = 32.0  # seconds
_BATCH: Final = 512  # spans a request: a tenth of a megabyte
_MOST_WAITING: Final = 20_000  # spans
_RETRYABLE: Final = frozenset({429, 502, 503, 504})  # by the protocol; everything else would be refused again


class SpanExporter:
    """A queue of spans and the thread that empties it. ``add`` may be called from any thread and never blocks."""

    def __init__(
        self, endpoint: str, headers: Mapping[str, str], resource: Mapping[str, str], metrics: Metrics
    ) -> None:
        """``resource`` is what every span says of this process: OpenTelemetry's resource attributes."""
        self._endpoint = endpoint
        self._headers = {**headers, "content-type": "application/x-protobuf"}
        self._resource = Resource(
            attributes=[KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in resource.items()]
        )
        self._sent = metrics.spans.labels("sent")
        self._lost = metrics.spans.labels("lost")
        self._waiting: deque[Span] = deque()
        self._failing = False
        self._hurry = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name="send traces", daemon=True)
        self._thread.start()

    def add(self, span: Span) -> None:
        """Send a span with the next request; where too many wait already, it is lost and counted."""
        waiting = len(self._waiting)
        if waiting >= _MOST_WAITING:
            self._lost.inc()
            return
        self._waiting.append(span)
        if waiting == _BATCH:
            self._hurry.set()

    def close(self) -> None:
        """Send what is waiting, and stop; what a receiver does not take in a few seconds is lost."""
        self._closed.set()
        self._hurry.set()
        self._thread.join(_PATIENCE)

    def _work(self) -> None:
        pause = _EVERY
        while not self._closed.is_set():
            if pause == _EVERY:
                self._hurry.wait(pause)
                self._hurry.clear()
            else:
                self._closed.wait(pause)  # a receiver that asked for a pause is not hurried
            pause = _EVERY if self._send_waiting() else min(2 * pause, _LONGEST_PAUSE)
        self._send_waiting()

    def _send_waiting(self) -> bool:
        """Whether the receiver takes spans; those that it may take later are kept."""
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), _BATCH))]
            reason, again = self._send(batch)
            if again and not self._closed.is_set():
                self._waiting.extendleft(reversed(batch))
            elif reason:
                self._lost.inc(len(batch))
            else:
                self._sent.inc(len(batch))
            self._report(reason)
            if again:
                return False
        return True

    def _send(self, batch: list[Span]) -> tuple[str, bool]:
        """Why a batch was not taken, empty where it was; and whether it is worth sending again."""
        spans = ScopeSpans(scope=InstrumentationScope(name="puerta.service"), spans=batch)
        body = ExportTraceServiceRequest(resource_spans=[ResourceSpans(resource=self._resource, scope_spans=[spans])])
        request = Request(self._endpoint, body.SerializeToString(), self._headers)  # noqa: S310 - http, by the settings
        try:
            with urlopen(request, timeout=_PATIENCE):  # noqa: S310 - http, by the settings
                return "", False
        except HTTPError as error:
            with error:
                return f"the receiver answered {error.code}", error.code in _RETRYABLE
        except (OSError, http.client.HTTPException) as error:
            return str(getattr(error, "reason", error)) or type(error).__name__, True

    def _report(self, reason: str) -> None:
        """Once when it begins to fail and once when it is well again, however often it is tried between."""
        if reason and not self._failing:
            _log.warning("traces can't be sent", extra={"reason": reason})
        elif self._failing and not reason:
            _log.info("traces are sent again")
        self._failing = bool(reason)


def make_exporter(endpoint: str, headers: Mapping[str, str], instance: str, metrics: Metrics) -> SpanExporter:
    """The exporter of one process of the service."""
    return SpanExporter(endpoint, headers, {"service.name": "puerta-service", "service.instance.id": instance}, metrics)
