"""What a collector receives: the spans of a sampled request below the caller's own, and of no other request any."""

import json
from collections.abc import Iterator

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from service.tests.conftest import Start
from service.tests.exposition import OPENMETRICS, scrape
from service.tests.receiver import Receiver
from service.tests.server import RunningServer
from service.tests.wire import Response, chunked, get, post
from service.tracing import Tracer

BODY = '{"instances": [["Sur", "N", 7], ["Sur", "N", 8]]}'
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
WAYS = {  # a request, and the route it is measured under; each of the ways to an answer
    "short": (post("/v1/predict", BODY, ["traceparent: {}"]), "/v1/predict"),
    "ordinary": (post("/v1/predict?x=1", BODY, ["traceparent: {}"]), "/v1/predict"),
    "chunked": (
        chunked("/v1/predict", BODY.encode()).replace(b"\r\n\r\n", b"\r\ntraceparent: {}\r\n\r\n", 1),
        "/v1/predict",
    ),
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A real receiver."""
    with Receiver() as one:
        yield one


class Kept:
    """An exporter that keeps what it is given."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def add(self, span: Span) -> None:
        self.spans.append(span)

    def close(self) -> None:
        pass


def ask(server: RunningServer, request: bytes, traceparent: str) -> Response:
    """A request with a traceparent."""
    answer: Response = server.ask(request.replace(b"{}", traceparent.encode(), 1))
    return answer


@pytest.mark.platform
@pytest.mark.parametrize("way", WAYS)
def test_the_spans_of_a_request(start: Start, receiver: Receiver, way: str) -> None:
    """Request, inference and event log, the first below the caller's span, the others below it; within its time."""
    server = start(otlp_endpoint=receiver.endpoint, trace_ratio=0.0)
    answer = ask(server, WAYS[way][0], f"00-{TRACE}-{PARENT}-01")
    assert answer.status == 200
    server.stop()
    (request,) = receiver.named("POST /v1/predict")
    (inference,) = receiver.named("inference")
    (event_log,) = receiver.named("event_log")
    assert len(receiver.spans) == 3
    assert {span.trace_id for span in receiver.spans} == {TRACE}
    assert request.parent == PARENT
    assert inference.parent == event_log.parent == request.span_id
    assert request.is_server
    assert not request.is_error
    assert request.start <= inference.start <= inference.end <= event_log.start <= event_log.end <= request.end
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": WAYS[way][1],
        "http.response.status_code": 200,
        "puerta.request_id": answer.headers["x-request-id"],
    }
    assert inference.attributes == {"puerta.model": "delays", "puerta.version": "2", "puerta.instances": 2}
    assert request.resource["service.name"] == "puerta-service"
    assert request.resource["service.instance.id"] == "test"
    assert answer.headers["traceparent"] == f"00-{TRACE}-{request.span_id}-01"


@pytest.mark.platform
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("flags", ["00", "02"])
def test_a_caller_who_does_not_sample(start: Start, receiver: Receiver, way: str, flags: str) -> None:
    """The caller decided: no span and no header, even where every other request is traced."""
    server = start(otlp_endpoint=receiver.endpoint, trace_ratio=1.0)
    assert "traceparent" not in ask(server, WAYS[way][0], f"00-{TRACE}-{PARENT}-{flags}").headers
    server.stop()
    assert not receiver.spans


@pytest.mark.parametrize(
    "traceparent",
    [
        b"",
        b"rubbish",
        f"00-{'0' * 32}-{PARENT}-01".encode(),
        f"00-{TRACE}-{'0' * 16}-01".encode(),
        f"00-{TRACE}-{PARENT}-01-more".encode(),
        f"ff-{TRACE}-{PARENT}-01".encode(),
        f"00-{TRACE.upper()}-{PARENT}-01".encode(),
        None,
    ],
)
def test_a_traceparent_that_is_none(traceparent: bytes | None) -> None:
    """It is as if none had come: the coin decides, and the trace is a new one."""
    never, always = (Tracer(ratio, Kept()) for ratio in (0.0, 1.0))
    assert never.sample(traceparent) is None
    trace = always.sample(traceparent)
    assert trace is not None
    assert trace.trace_id != TRACE
    assert trace.traceparent.decode().startswith(f"00-{trace.trace_id}-")


@pytest.mark.platform
def test_requests_of_every_kind(start: Start, receiver: Receiver) -> None:
    """Named by method and route template, whatever became of them; those that failed by our fault are marked."""
    server = start(otlp_endpoint=receiver.endpoint, trace_ratio=1.0)
    server.ask(get("/v1/models"))
    server.ask(get("/secret/path"))
    server.ask(post("/v1/predict", "{"))
    server.ask(post("/v1/models/fragile/predict", '{"instances": [["broken"]]}'))
    server.ask(post("/v1/labels", '{"labels": [{"id": "a", "label": 1}]}'))
    server.stop()
    requests = {span.name: span for span in receiver.spans if span.is_server}
    assert {name: (span.attributes["http.response.status_code"], span.is_error) for name, span in requests.items()} == {
        "GET /v1/models": (200, False),
        "GET unmatched": (404, False),
        "POST /v1/predict": (400, False),
        "POST /v1/models/{model}/predict": (500, True),
        "POST /v1/labels": (200, False),
    }
    assert len({span.trace_id for span in requests.values()}) == 5
    assert "secret" not in str([(span.name, span.attributes) for span in receiver.spans])


@pytest.mark.platform
def test_requests_answered_together_have_a_trace_each(start: Start, receiver: Receiver) -> None:
    """One run of the model for three requests: each request's trace shows it, with its own instances."""
    server = start(otlp_endpoint=receiver.endpoint, trace_ratio=1.0)
    bodies = [json.dumps({"instances": [["Sur", "N", 7]] * count}) for count in (1, 2, 3)]
    connections = [server.connect() for _ in bodies]
    for connection, body in zip(connections, bodies, strict=True):
        connection.send(post("/v1/predict", body))
    for connection in connections:
        assert connection.read().status == 200
        connection.close()
    server.stop()
    requests = {span.span_id: span for span in receiver.named("POST /v1/predict")}
    steps = receiver.named("inference")
    assert sorted(span.attributes["puerta.instances"] for span in steps) == [1, 2, 3]
    for step in [*steps, *receiver.named("event_log")]:
        assert step.trace_id == requests[step.parent].trace_id
    assert len(receiver.spans) == 9


@pytest.mark.platform
@pytest.mark.parametrize("way", WAYS)
def test_the_exemplar_is_the_trace(start: Start, receiver: Receiver, way: str) -> None:
    """From a slow bucket of the latency histogram to the trace of a request in it."""
    server = start(otlp_endpoint=receiver.endpoint, trace_ratio=0.0)
    ask(server, WAYS[way][0], f"00-{TRACE}-{PARENT}-01")
    ask(server, WAYS[way][0], f"00-{'a' * 32}-{PARENT}-00")
    exposition = scrape(server.service.metrics.registry, OPENMETRICS)
    (exemplar,) = exposition.exemplars("http_server_request_duration_seconds_bucket")
    assert exemplar.labels == {"trace_id": TRACE}
    server.stop()
    (request,) = receiver.named("POST /v1/predict")
    assert request.trace_id == exemplar.labels["trace_id"]
    assert exemplar.value > 0


@pytest.mark.platform
def test_without_a_receiver_nothing_is_traced(start: Start) -> None:
    """No endpoint: the caller's wish to sample is not followed either."""
    server = start(trace_ratio=1.0)
    assert "traceparent" not in ask(server, WAYS["short"][0], f"00-{TRACE}-{PARENT}-01").headers
    assert not list(
        scrape(server.service.metrics.registry, OPENMETRICS).exemplars("http_server_request_duration_seconds_bucket")
    )


def test_the_coin() -> None:
    """About the ratio of the requests is traced; without an exporter none is, whatever the ratio."""
    tracer = Tracer(0.25, Kept())
    sampled = sum(tracer.sample(None) is not None for _ in range(4000))
    assert 800 < sampled < 1200  # one run in ten to the twelfth falls outside
    without = Tracer(1.0, None)
    assert without.sample(f"00-{TRACE}-{PARENT}-01".encode()) is None
    without.close()


def test_whether_the_parent_is_elsewhere() -> None:
    """As OTLP's span flags say it: the caller's span is in another process, a root has none, a step's is in ours."""
    kept = Kept()
    tracer = Tracer(1.0, kept)
    for traceparent in (f"00-{TRACE}-{PARENT}-01".encode(), None):
        trace = tracer.sample(traceparent)
        assert trace is not None
        trace.step("step", 1, 2)
        trace.end(method="GET", route="/", status=200, request_id="r")
    assert [(span.name, span.flags, span.parent_span_id != b"") for span in kept.spans] == [
        ("step", 0x101, True),
        ("GET /", 0x301, True),
        ("step", 0x101, True),
        ("GET /", 0x101, False),
    ]
