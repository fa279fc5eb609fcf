"""Spans reach a receiver; one that is slow, gone or refusing costs no request anything, and what is lost is counted."""

import logging
import socket
import time
from collections.abc import Callable, Iterator

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from service.metrics import Metrics
from service.span_exporter import SpanExporter
from service.tests.receiver import Receiver
from service.tracing import Tracer

pytestmark = pytest.mark.platform
Start = Callable[..., SpanExporter]


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds are short here."""
    monkeypatch.setattr("service.span_exporter._EVERY", 0.02)
    monkeypatch.setattr("service.span_exporter._LONGEST_PAUSE", 0.04)


@pytest.fixture
def metrics() -> Metrics:
    """Metrics of their own."""
    return Metrics()


@pytest.fixture
def export(metrics: Metrics) -> Iterator[Start]:
    """Starts an exporter; all of them are closed in the end."""
    started: list[SpanExporter] = []

    def start(endpoint: str, **headers: str) -> SpanExporter:
        started.append(SpanExporter(endpoint, headers, {"service.name": "puerta-service"}, metrics))
        return started[-1]

    yield start
    for exporter in started:
        exporter.close()


def spans(count: int) -> list[Span]:
    """So many spans, numbered by their name."""
    return [Span(name=str(number), trace_id=b"t" * 16, span_id=b"s" * 8) for number in range(count)]


def counted(metrics: Metrics) -> tuple[float, float]:
    """Spans sent and spans lost."""
    sent, lost = (
        metrics.registry.get_sample_value("trace_span_total", {"result": result}) for result in ("sent", "lost")
    )
    assert sent is not None
    assert lost is not None
    return sent, lost


def wait_for(condition: Callable[[], bool]) -> None:
    """Until it holds."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def unused_address() -> str:
    """Where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1/traces"


def test_spans_are_sent_while_it_runs(export: Start, metrics: Metrics) -> None:
    """Without waiting for its end; each once, in order, with the process they came from and the headers asked for."""
    with Receiver() as receiver:
        exporter = export(receiver.endpoint, authorization="Bearer x")
        for span in spans(5000):  # more than two requests' worth
            exporter.add(span)
        wait_for(lambda: len(receiver.spans) == 5000)
        assert [span.name for span in receiver.spans] == [str(number) for number in range(5000)]
        assert receiver.spans[0].resource == {"service.name": "puerta-service"}
        assert {headers["authorization"] for headers in receiver.headers} == {"Bearer x"}
        wait_for(lambda: counted(metrics) == (5000, 0))


def test_what_waits_is_sent_at_the_end(export: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop comes before the next time to send."""
    monkeypatch.setattr("service.span_exporter._EVERY", 60.0)
    with Receiver() as receiver:
        exporter = export(receiver.endpoint)
        exporter.add(spans(1)[0])
        exporter.close()
        assert len(receiver.spans) == 1


def test_what_a_receiver_refuses_is_lost(export: Start, metrics: Metrics, caplog: pytest.LogCaptureFixture) -> None:
    """400 to every batch: said once, counted, not sent again."""
    with Receiver(statuses=[400, 400]) as receiver, caplog.at_level(logging.INFO, "puerta.traces"):
        exporter = export(receiver.endpoint)
        for expected in (1, 2):
            exporter.add(spans(1)[0])
            wait_for(lambda expected=expected: counted(metrics) == (0, expected))  # type: ignore[misc]
        exporter.add(spans(1)[0])
        wait_for(lambda: counted(metrics) == (1, 2))
    said = [(record.getMessage(), getattr(record, "reason", "")) for record in caplog.records]
    assert said == [("traces can't be sent", "the receiver answered 400"), ("traces are sent again", "")]


def test_what_a_receiver_wants_again_is_sent_again(export: Start, metrics: Metrics) -> None:
    """429 and 503: nothing is lost, and the order is kept."""
    with Receiver(statuses=[429, 503, 503, 503]) as receiver:
        exporter = export(receiver.endpoint)
        for span in spans(3):
            exporter.add(span)
        wait_for(lambda: counted(metrics) == (3, 0))
        assert [span.name for span in receiver.spans] == ["0", "1", "2"]
        assert len(receiver.headers) >= 5


def test_a_receiver_that_is_not_there(export: Start, metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans wait up to a bound, the rest is lost; at the end all of them are, within the patience of a stop."""
    monkeypatch.setattr("service.span_exporter._MOST_WAITING", 10)
    exporter = export(unused_address())
    for span in spans(25):
        exporter.add(span)
    exporter.close()
    assert counted(metrics) == (0, 25)


def test_a_receiver_that_never_answers(export: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not keep the process from ending."""
    monkeypatch.setattr("service.span_exporter._PATIENCE", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        exporter = export(f"http://127.0.0.1:{silent.getsockname()[1]}/v1/traces")
        exporter.add(spans(1)[0])
        exporter.close()


def test_what_a_tracer_gives_is_what_an_exporter_takes(export: Start) -> None:
    """The two ends of the protocol between them."""
    with Receiver() as receiver:
        tracer = Tracer(1.0, export(receiver.endpoint))
        trace = tracer.sample(None)
        assert trace is not None
        trace.step("step", 1, 2, {"text": "a", "number": 2})
        trace.end(method="GET", route="/", status=503, request_id="r")
        tracer.close()
        (step,), (request,) = receiver.named("step"), receiver.named("GET /")
        assert (step.trace_id, step.parent, step.attributes) == (
            trace.trace_id,
            request.span_id,
            {"text": "a", "number": 2},
        )
        assert request.is_error
