"""HTTP/2, plain (h2c) and over TLS: the same policy as over HTTP/1.1."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway_config.envoy import refusals
from gateway_config.envoy.admin import drain
from gateway_config.envoy.refusals import Refusal
from gateway_config.keys.store import make_key
from gateway_config.local import LocalGateway
from gateway_config.tests.backend import Backend
from gateway_config.tests.envoy_process import RunningGateway
from gateway_config.tests.http2 import Http2
from gateway_config.tests.variants import open_gateway, write_policy

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("http2")]

Connect = Callable[..., Http2]
NO_ERROR = 0  # RFC 9113, section 7


@pytest.fixture(scope="module", params=["h2c", "h2"])
def running(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    _envoy_is_there: None,
    shared_backend: Backend,
) -> Iterator[tuple[LocalGateway, str]]:
    """A gateway without TLS, and one with; and the demo client's key."""
    local = {"tls": {"generated": True}} if request.param == "h2" else {}
    made = open_gateway(write_policy(tmp_path_factory.mktemp(request.param), local=local), shared_backend.address)
    key = made.new_key("demo")
    with RunningGateway(made):
        yield made, key


@pytest.fixture(scope="module")
def key(running: tuple[LocalGateway, str]) -> str:
    """The demo client's key."""
    return running[1]


@pytest.fixture(scope="module")
def connect(running: tuple[LocalGateway, str]) -> Connect:
    """Makes a connection, over TLS where the gateway has it."""
    gateway, _ = running
    trust = gateway.site.tls.generated if gateway.site.tls else None
    return lambda source="127.0.0.1": Http2(gateway.near, trust, source)


@pytest.fixture(autouse=True)
def _fresh(shared_backend: Backend) -> None:
    shared_backend.seen.clear()


def test_who_gets_in(connect: Connect, key: str, shared_backend: Backend) -> None:
    """The right key from the right address; the backend sees what it sees of HTTP/1.1."""
    forged = [("x-gateway-client", "admin"), ("x-gateway-token", "guess"), ("x-apigateway-api-userinfo", "e30=")]
    with connect() as caller:
        (answer,) = caller.ask([("/v1/predict", [("x-api-key", key), *forged])])
    assert (answer.status, answer.json) == (200, {"backend": str(shared_backend.address)})
    (seen,) = shared_backend.seen
    assert (seen.method, seen.path, seen.body) == ("POST", "/v1/predict", b"{}")
    assert seen.header("x-gateway-client") == ["demo"]
    assert "guess" not in seen.header("x-gateway-token")
    assert seen.header("x-apigateway-api-userinfo") == []
    assert seen.header("x-api-key") == []


@pytest.mark.parametrize(
    ("path", "keys", "source", "refusal"),
    [
        ("/v1/predict", [], "127.0.0.1", refusals.NO_KEY),
        ("/v1/predict?x-api-key={key}", [], "127.0.0.1", refusals.NO_KEY),
        ("/x/../v1/predict", [], "127.0.0.1", refusals.NO_KEY),
        ("/v1/predict", ["{another}"], "127.0.0.1", refusals.INVALID_KEY),
        ("/v1/predict", ["{key}", "{key}"], "127.0.0.1", refusals.INVALID_KEY),
        ("/v1/predict", ["{key}"], "127.0.0.2", refusals.BLOCKED),
        ("/v1/models/x", ["{key}"], "127.0.0.1", refusals.wrong_method("/v1/models/{model}")),
        ("/metrics", ["{key}"], "127.0.0.1", refusals.UNKNOWN_PATH),
        ("/v1%2fpredict", ["{key}"], "127.0.0.1", refusals.BAD_PATH),
    ],
)
def test_who_does_not(
    connect: Connect,
    key: str,
    shared_backend: Backend,
    path: str,
    keys: list[str],
    source: str,
    refusal: Refusal,
) -> None:
    """Each refusal is word for word that of HTTP/1.1, and nothing reaches the backend."""
    real = {"{key}": key, "{another}": make_key()}
    with connect(source) as caller:
        (answer,) = caller.ask([(path.replace("{key}", key), [("x-api-key", real[name]) for name in keys])])
    assert (answer.status, answer.json) == (refusal.status, {"code": refusal.status, "message": refusal.message})
    assert shared_backend.seen == []


def test_many_at_once(connect: Connect, key: str, shared_backend: Backend) -> None:
    """Requests side by side on one connection are each asked for their own key: those without one stay out."""
    keys = [[("x-api-key", key)], [], [("x-api-key", make_key())]] * 10
    with connect() as caller:
        answers = caller.ask([("/v1/predict", headers) for headers in keys])
    assert [answer.status for answer in answers] == [200, 401, 400] * 10
    assert len(shared_backend.seen) == 10


def test_refused_before_the_body(connect: Connect, shared_backend: Backend) -> None:
    """A refusal does not wait for the body: it is whole, and only then is the caller told to stop sending."""
    with connect() as caller:
        (answer,) = caller.ask([("/v1/predict", [])], withheld=True)
    assert (answer.status, answer.json["code"], answer.complete, answer.reset) == (401, 401, True, NO_ERROR)
    assert shared_backend.seen == []


def test_stopping_finishes_what_is_under_way(tmp_path: Path, backend: Backend) -> None:
    """A drained gateway answers what it was asked on a connection with many streams, and takes no new connection."""
    made = open_gateway(write_policy(tmp_path), backend.address)
    key = ("x-api-key", made.new_key("demo"))
    backend.delay = 1.0
    answers: list[int] = []

    def call() -> None:
        with Http2(made.near) as caller:
            answers.extend(answer.status for answer in caller.ask([("/slow", [key])] * 2))

    with RunningGateway(made):
        thread = threading.Thread(target=call)
        thread.start()
        assert backend.arrived.wait(10)
        assert drain(made.site.admin, 10)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((made.near.host, made.near.port))
        thread.join(10)
    assert answers == [200, 200]
