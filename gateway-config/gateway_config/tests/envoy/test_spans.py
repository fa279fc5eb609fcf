"""Spans: who decides that a request is traced, what the receiver gets, and what it never gets."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway_config.envoy.bootstrap import Address
from gateway_config.envoy.rendering import render_whole
from gateway_config.envoy.spans import Traces, receiver, tracing
from gateway_config.tests.authority import Authority
from gateway_config.tests.backend import Backend
from gateway_config.tests.collector import Collector, Received
from gateway_config.tests.envoy_process import Answer, RunningGateway
from gateway_config.tests.variants import open_gateway, write_policy
from gateway_config.tests.waiting import eventually

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("spans"), pytest.mark.usefixtures("_envoy_is_there")]

NOBODY = Address("127.0.0.1", 1)
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    """Where the spans go."""
    with Collector() as running:
        yield running


@pytest.fixture(scope="module")
def traced(
    tmp_path_factory: pytest.TempPathFactory, _envoy_is_there: None, shared_backend: Backend, collector: Collector
) -> Iterator[RunningGateway]:
    """A gateway that traces whatever a caller wants traced, and nothing else."""
    policy = write_policy(tmp_path_factory.mktemp("spans"))
    made = open_gateway(policy, shared_backend.address, otlp_endpoint=collector.endpoint, trace_ratio=0.0)
    with RunningGateway(made) as running:
        yield running


@pytest.fixture(scope="module")
def key(traced: RunningGateway) -> tuple[str, str]:
    """The demo client's header."""
    header = "x-api-key", traced.gateway.new_key("demo")
    eventually(lambda: traced.ask("POST", "/v1/predict", header).status == 200, "the key never worked")
    return header


def span_of(collector: Collector, answer: Answer) -> Received:
    """The span of the request with this answer, once it has arrived."""
    identifier = answer.headers["x-request-id"]

    def found() -> list[Received]:
        return [span for span in collector.spans if span.attributes["puerta.request_id"] == identifier]

    eventually(lambda: len(found()) == 1, f"no span of {identifier}")
    return found()[0]


def test_a_sampled_caller(
    traced: RunningGateway, collector: Collector, shared_backend: Backend, key: tuple[str, str]
) -> None:
    """The gateway's span is the caller's child and the backend's parent, and says what was asked and by whom."""
    shared_backend.seen.clear()
    answer = traced.ask("POST", "/v1/predict", key, ("traceparent", f"00-{TRACE}-{PARENT}-01"), body=b"{}")
    span = span_of(collector, answer)
    assert (span.name, span.trace, span.parent) == ("predict", TRACE, PARENT)
    assert (span.is_server, span.is_error) == (True, False)
    said = {"puerta.operation": "predict", "puerta.client": "demo", "url.path": "/v1/predict"}
    said |= {"http.method": "POST", "http.status_code": "200"}
    assert {name: span.attributes.get(name) for name in said} == said
    assert shared_backend.seen[0].header("traceparent") == [f"00-{TRACE}-{span.identifier}-01"]
    assert shared_backend.seen[0].header("x-request-id") == [answer.headers["x-request-id"]]
    assert collector.services == {"gateway"}


def test_a_refusal_has_a_span(
    traced: RunningGateway, collector: Collector, shared_backend: Backend, key: tuple[str, str]
) -> None:
    """What the gateway answers by itself is traced as well; a fault on our side is an error, one of the caller's is not."""
    sampled = ("traceparent", f"00-{TRACE}-{PARENT}-01")
    shared_backend.delay = 1.0
    late = traced.ask("GET", "/slow", key, sampled)
    shared_backend.delay = 0.0
    cases = [
        (traced.ask("POST", "/v1/predict", sampled), "predict", "401", False),
        (traced.ask("GET", "/none", sampled), "ingress", "404", False),
        (late, "impatient", "504", True),
    ]
    for answer, name, status, is_error in cases:
        span = span_of(collector, answer)
        assert (span.name, span.attributes["http.status_code"], span.is_error) == (name, status, is_error)
        assert ("puerta.client" in span.attributes) == (name == "impatient")


@pytest.mark.parametrize("forged", [(), ("x-client-trace-id",), ("x-envoy-force-trace",), ("x-b3-sampled",)])
def test_nobody_else_is_traced(
    traced: RunningGateway,
    collector: Collector,
    shared_backend: Backend,
    key: tuple[str, str],
    forged: tuple[str, ...],
) -> None:
    """Without a sampled ``traceparent`` the ratio decides, here zero; the backend is told not to trace either."""
    shared_backend.seen.clear()
    unwanted = [
        traced.ask("POST", "/v1/predict", key, *((name, "1") for name in forged), *parent)
        for parent in [(), (("traceparent", f"00-{TRACE}-{PARENT}-00"),)]
    ]
    after = traced.ask("POST", "/v1/predict", key, ("traceparent", f"00-{TRACE}-{PARENT}-01"))
    span_of(collector, after)
    identifiers = {span.attributes["puerta.request_id"] for span in collector.spans}
    assert identifiers.isdisjoint(answer.headers["x-request-id"] for answer in unwanted)
    own, callers = (seen.header("traceparent")[0] for seen in shared_backend.seen[:2])
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00", own)
    assert re.fullmatch(rf"00-{TRACE}-[0-9a-f]{{16}}-00", callers)


def test_a_broken_traceparent(traced: RunningGateway, key: tuple[str, str]) -> None:
    """What is no traceparent does no harm."""
    for broken in ["", "x", "00-0-0-01", f"00-{TRACE}-{PARENT}", "0" * 5000]:
        assert traced.ask("POST", "/v1/predict", key, ("traceparent", broken)).status == 200


def test_no_key_in_a_span(traced: RunningGateway, collector: Collector, key: tuple[str, str]) -> None:
    """Neither the key, nor one sent in the query by mistake, nor the run's token is sent to the receiver."""
    traced_one = ("traceparent", f"00-{TRACE}-{PARENT}-01")
    secrets = [key[1], "puerta_local_mistyped", "in-the-query"]
    answers = [
        traced.ask("POST", f"/v1/predict?key={key[1]}&in-the-query", key, traced_one),
        traced.ask("POST", f"/v1/predict?key={key[1]}", ("x-api-key", "puerta_local_mistyped"), traced_one),
        traced.ask("POST", f"/none?key={key[1]}", traced_one),
        traced.ask("POST", f"/v1/predict#{key[1]}", traced_one),
    ]
    for answer in answers[:3]:
        assert "key=" not in repr(span_of(collector, answer).attributes)
    for secret in secrets:
        assert not any(secret.encode() in body for body in collector.bodies)


def test_the_ratio(tmp_path: Path, collector: Collector, shared_backend: Backend) -> None:
    """A request without a ``traceparent`` is traced as often as the ratio says; the receiver gets the headers it needs."""
    policy = write_policy(tmp_path)
    by_name = collector.endpoint.replace("127.0.0.1", "localhost")
    own = {"otlp_endpoint": by_name, "otlp_headers": (("authorization", "100 %DURATION% mine"),)}
    made = open_gateway(policy, shared_backend.address, trace_ratio=1.0, **own)
    with RunningGateway(made) as gateway:
        span = span_of(collector, gateway.ask("GET", "/health/live"))
    assert (span.name, span.parent) == ("health_live", "")
    assert collector.headers[-1]["authorization"] == "100 %DURATION% mine"


def test_one_in_a_hundred() -> None:
    """Envoy counts in millionths."""
    text = repr(tracing(Traces("http://127.0.0.1:4318/v1/traces", 0.01)))
    assert "'sampling_percentage': {'numerator': 10000, 'denominator': 'MILLION'}" in text


def test_a_receiver_that_is_gone(tmp_path: Path, shared_backend: Backend) -> None:
    """Without its receiver the gateway does its work."""
    policy = write_policy(tmp_path)
    made = open_gateway(policy, shared_backend.address, otlp_endpoint="http://127.0.0.1:9/v1/traces", trace_ratio=1.0)
    with RunningGateway(made) as gateway:
        until = time.monotonic() + 1.5  # past the first attempt to send
        while time.monotonic() < until:
            assert gateway.ask("GET", "/health/live").status == 200


@pytest.mark.parametrize(("host", "name"), [("127.0.0.1", "IP:127.0.0.1"), ("localhost", "DNS:localhost")])
def test_a_receiver_behind_tls(
    tmp_path: Path, shared_backend: Backend, monkeypatch: pytest.MonkeyPatch, host: str, name: str
) -> None:
    """Spans go to a receiver whose certificate is for its name; one with another name gets none."""
    authority = Authority(tmp_path, "authority")
    right, wrong = (
        authority.sign("right", f"subjectAltName={name}"),
        authority.sign("wrong", "subjectAltName=DNS:other"),
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    for certificate in (wrong, right):
        with Collector(certificate) as collector:
            endpoint = collector.endpoint.replace("127.0.0.1", host)
            made = open_gateway(write_policy(tmp_path), shared_backend.address, otlp_endpoint=endpoint, trace_ratio=1.0)
            with RunningGateway(made) as gateway:
                answer = gateway.ask("GET", "/health/live")
                if certificate is right:
                    assert span_of(collector, answer).name == "health_live"
                else:
                    eventually(lambda log=gateway.log: "exporter" in log.read_text(), "it was not tried")  # type: ignore[misc]
                    assert collector.bodies == []


@pytest.mark.parametrize(
    ("endpoint", "address", "secure"),
    [
        ("http://collector:4318/v1/traces", ("collector", 4318), False),
        ("http://[::1]:4318/v1/traces", ("::1", 4318), False),
        ("http://collector/v1/traces", ("collector", 80), False),
        ("https://collector.example/v1/traces", ("collector.example", 443), True),
    ],
)
def test_receiver(tmp_path: Path, endpoint: str, address: tuple[str, int], secure: bool) -> None:
    """A receiver is found by its URL; behind https its certificate is verified. Envoy accepts either."""
    cluster = receiver(Traces(endpoint, 0.01))
    (endpoints,) = cluster["load_assignment"]["endpoints"]
    listens = endpoints["lb_endpoints"][0]["endpoint"]["address"]["socket_address"]
    assert (listens["address"], listens["port_value"]) == address
    assert ("transport_socket" in cluster) == secure
    policy = write_policy(tmp_path)
    made = open_gateway(policy, NOBODY, otlp_endpoint=endpoint)
    made.check()


def test_no_receiver_no_spans(tmp_path: Path) -> None:
    """Without a receiver nothing of it is rendered."""
    made = open_gateway(write_policy(tmp_path), NOBODY)
    text = render_whole(made.policy, (), made.site).decode()
    assert "tracing" not in text
    assert "opentelemetry" not in text
