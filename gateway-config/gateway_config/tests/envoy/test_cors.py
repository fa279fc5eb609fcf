"""CORS: what a browser is told, and that it opens nothing to anybody."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway_config.envoy import cors, refusals
from gateway_config.policy.reading import read_policy
from gateway_config.tests.backend import Backend
from gateway_config.tests.envoy_process import Answer, EnvoyProcess, RunningGateway, ask
from gateway_config.tests.variants import open_gateway, write_policy

pytestmark = [
    pytest.mark.platform,
    pytest.mark.xdist_group("cors"),
    pytest.mark.usefixtures("_envoy_is_there"),
]

PAGE = "https://page.example"
OTHER = "http://localhost:5173"


@pytest.fixture(scope="module")
def browsed(
    tmp_path_factory: pytest.TempPathFactory, _envoy_is_there: None, shared_backend: Backend
) -> Iterator[RunningGateway]:
    """A gateway with two origins."""
    policy = write_policy(tmp_path_factory.mktemp("cors"), local={"cors_origins": [PAGE, OTHER]})
    with RunningGateway(open_gateway(policy, shared_backend.address)) as running:
        yield running


@pytest.fixture(scope="module")
def key(browsed: RunningGateway) -> tuple[str, str]:
    """The demo client's header."""
    return "x-api-key", browsed.gateway.new_key("demo")


@pytest.fixture(autouse=True)
def _fresh(shared_backend: Backend) -> None:
    shared_backend.seen.clear()


def preflight(gateway: RunningGateway, path: str, origin: str, method: str = "POST") -> Answer:
    """What a browser asks before it sends a key."""
    return gateway.ask(
        "OPTIONS",
        path,
        ("origin", origin),
        ("access-control-request-method", method),
        ("access-control-request-headers", "content-type,x-api-key"),
    )


def shares(answer: Answer) -> dict[str, str]:
    """The headers of an answer that are the browser's."""
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


@pytest.mark.parametrize("origin", [PAGE, OTHER])
@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/predict", "POST"),
        ("/v1/predict/", "POST"),
        ("/v1/models/x", "DELETE, GET"),
        ("/health/live", "GET"),
    ],
)
def test_preflight(browsed: RunningGateway, shared_backend: Backend, origin: str, path: str, methods: str) -> None:
    """Answered by the gateway, without a key, with the methods of the path and the headers that a caller may send."""
    answer = preflight(browsed, path, origin)
    assert (answer.status, answer.body) == (200, b"")
    assert shares(answer) == {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": methods,
        "access-control-allow-headers": "content-type, x-api-key, traceparent, tracestate",
        "access-control-expose-headers": "x-request-id, retry-after, traceparent, x-gateway-limit",
        "access-control-max-age": "7200",
    }
    assert shared_backend.seen == []


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", f"{PAGE}.evil", f"{OTHER}9", f"x{OTHER}", "http://page.example", "null", "", PAGE.upper()],
)
def test_preflight_from_elsewhere(browsed: RunningGateway, shared_backend: Backend, origin: str) -> None:
    """From an origin that the policy does not name a preflight is a wrong method, and the browser is told nothing."""
    answer = preflight(browsed, "/v1/predict", origin)
    assert (answer.status, answer.json["message"]) == (405, refusals.wrong_method("/v1/predict").message)
    assert shares(answer) == {}
    assert shared_backend.seen == []


def test_preflight_for_nothing(browsed: RunningGateway) -> None:
    """A path that does not exist has no preflight."""
    answer = preflight(browsed, "/metrics", PAGE)
    assert (answer.status, shares(answer)) == (404, {})


def test_options_without_a_question(browsed: RunningGateway, shared_backend: Backend, key: tuple[str, str]) -> None:
    """OPTIONS that is no preflight is a method like any other, key or not."""
    for headers in [(), (key,)]:
        assert browsed.ask("OPTIONS", "/v1/predict", ("origin", PAGE), *headers).status == 405
    assert shared_backend.seen == []


def test_answer_for_a_page(browsed: RunningGateway, shared_backend: Backend, key: tuple[str, str]) -> None:
    """The page may read the answer, and caches are told that it depends on who asked."""
    answer = browsed.ask("POST", "/v1/predict", ("origin", PAGE), key, body=b"{}")
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "x-request-id" in answer.headers["access-control-expose-headers"]
    assert "origin" in answer.headers["vary"]
    assert len(shared_backend.seen) == 1


def test_answer_for_others(browsed: RunningGateway, key: tuple[str, str]) -> None:
    """Another page's script sees nothing; a caller without an origin gets the same answer as ever, marked for caches."""
    for headers in [(("origin", "https://evil.example"),), ()]:
        answer = browsed.ask("POST", "/v1/predict", *headers, key, body=b"{}")
        assert (answer.status, shares(answer)) == (200, {})
        assert "origin" in answer.headers["vary"]


def test_an_origin_is_no_key(browsed: RunningGateway, shared_backend: Backend, key: tuple[str, str]) -> None:
    """Key and address count for a page as for anybody, and its script may read why it was refused."""
    origin = ("origin", PAGE)
    refused = [
        (browsed.ask("POST", "/v1/predict", origin), refusals.NO_KEY),
        (browsed.ask("POST", "/v1/predict", origin, ("x-api-key", "wrong")), refusals.INVALID_KEY),
        (browsed.ask("POST", "/v1/predict", origin, key, source="127.0.0.2"), refusals.BLOCKED),
    ]
    for answer, refusal in refused:
        assert (answer.status, answer.json["message"]) == (refusal.status, refusal.message)
        assert answer.headers["access-control-allow-origin"] == PAGE
    assert shared_backend.seen == []


def test_every_origin(tmp_path: Path, shared_backend: Backend) -> None:
    """An asterisk stands for all of them."""
    policy = write_policy(tmp_path, local={"cors_origins": ["*"]})
    with RunningGateway(open_gateway(policy, shared_backend.address)) as gateway:
        answer = preflight(gateway, "/v1/predict", "https://anybody.example")
        assert answer.status == 200
        assert answer.headers["access-control-allow-origin"] == "https://anybody.example"


def test_origins_change_while_it_runs(tmp_path: Path, shared_backend: Backend) -> None:
    """A page that is let in, or no longer, needs no new start."""
    with RunningGateway(open_gateway(write_policy(tmp_path), shared_backend.address)) as gateway:
        for origins, status in [([], 405), ([PAGE], 200), ([OTHER], 405)]:
            policy = read_policy(write_policy(tmp_path, local={"cors_origins": origins}))
            replace(gateway.gateway, policy=policy).apply()
            assert preflight(gateway, "/v1/predict", PAGE).status == status


def test_a_preflight_leads_nowhere(tmp_path: Path, shared_backend: Backend) -> None:
    """Were the CORS filter gone, the route of preflights would still reach no backend, whatever a caller sends."""
    gateway = open_gateway(write_policy(tmp_path, local={"cors_origins": [PAGE]}), shared_backend.address)
    key = ("x-api-key", gateway.new_key("demo"))
    gateway.write()
    whole = gateway.bootstrap.read_text()
    broken = re.sub(r"( +)- name: cors\n(?:\1  .*\n)+", "", whole)
    assert broken != whole
    gateway.bootstrap.write_text(broken)
    asked = (("origin", PAGE), ("access-control-request-method", "POST"))
    nowhere = (cors._NOWHERE, "service")
    with EnvoyProcess(gateway.bootstrap, gateway.site.admin, tmp_path / "envoy.log"):
        for headers, status in [((), 401), ((nowhere,), 401), ((key,), 503), ((key, nowhere), 503)]:
            answer = ask(gateway.site.listen, "OPTIONS", "/v1/predict", [*asked, *headers])
            assert answer.status == status
        assert ask(gateway.site.listen, "POST", "/v1/predict", [key]).status == 200
    assert [seen.method for seen in shared_backend.seen] == ["POST"]


def test_no_origins_no_cors() -> None:
    """Without origins nothing of it is rendered."""
    assert cors.of_virtual_host(()) == {}
    assert cors.preflight_routes({"path": "/"}, ["GET"], ()) == []
