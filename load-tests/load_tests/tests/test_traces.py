"""Counting exported spans."""

import gzip
from urllib.request import Request, urlopen

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from load_tests.traces import Count, Receiver


def _message(*traces: bytes) -> bytes:
    scope = ScopeSpans(spans=[Span(trace_id=trace * 16) for trace in traces])
    message = ExportTraceServiceRequest(resource_spans=[ResourceSpans(scope_spans=[scope])])
    return bytes(message.SerializeToString())


def test_spans_and_traces_are_told_apart() -> None:
    """Three spans of two traces, over two messages."""
    count = Count()
    count.take(_message(b"a", b"b"))
    count.take(_message(b"a"))
    assert (count.spans, count.traces) == (3, 2)


@pytest.mark.platform
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize("chunked", [False, True])
def test_the_receiver_takes_what_an_exporter_sends(encoding: str, chunked: bool) -> None:
    """Plain and compressed messages, whole and in chunks as Envoy sends them, are answered 200 and counted."""
    body = gzip.compress(_message(b"a")) if encoding == "gzip" else _message(b"a")
    with Receiver() as receiver:
        sent = iter([body[:5], body[5:]]) if chunked else body
        request = Request(receiver.endpoint, sent, {"content-encoding": encoding})  # noqa: S310 - loopback
        with urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            assert answer.status == 200
        assert receiver.count.spans == 1
