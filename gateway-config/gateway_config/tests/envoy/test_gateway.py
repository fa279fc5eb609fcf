"""What a caller meets at the real gateway: who gets in, what the others are told, what the backend sees."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from gateway_config.envoy import refusals
from gateway_config.keys.store import make_key
from gateway_config.tests.backend import Backend, Seen
from gateway_config.tests.envoy_process import Answer, RunningGateway, ask

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("gateway")]  # one platform for all of them

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.fixture(autouse=True)
def _in_effect(gateway: RunningGateway, keys: dict[str, str], shared_backend: Backend) -> None:
    """The keys are in effect within seconds, and each test starts with a backend that has seen nothing."""
    until = time.monotonic() + 10
    while gateway.ask("POST", "/v1/predict", ("x-api-key", keys["far"])).status == 400:
        assert time.monotonic() < until, "the gateway never took the new keys"
        time.sleep(0.02)
    shared_backend.seen.clear()


def assert_refused(answer: Answer, refusal: refusals.Refusal, backend: Backend) -> None:
    """The documented status and message, as JSON, and nothing at the backend."""
    assert answer.status == refusal.status
    assert answer.json == {"code": refusal.status, "message": refusal.message}
    assert answer.headers["content-type"] == "application/json"
    assert backend.seen == []


def only(backend: Backend) -> Seen:
    """The one request that the backend has seen."""
    (seen,) = backend.seen
    return seen


def test_right_key_and_address(gateway: RunningGateway, keys: dict[str, str], shared_backend: Backend) -> None:
    """The backend gets the request, the client's name, the run's token and a request id, and not the key."""
    answer = gateway.ask("POST", "/v1/predict", ("x-api-key", keys["demo"]), body=b'{"a": 1}')
    assert answer.status == 200
    seen = only(shared_backend)
    assert (seen.method, seen.path, seen.body) == ("POST", "/v1/predict", b'{"a": 1}')
    assert seen.header("x-gateway-client") == ["demo"]
    assert seen.header("x-gateway-token") == ["the-token-of-this-run"]
    assert seen.header("x-api-key") == []
    assert re.fullmatch(UUID, answer.headers["x-request-id"])
    assert seen.header("x-request-id") == [answer.headers["x-request-id"]]
    assert keys["demo"] not in repr(seen)


@pytest.mark.parametrize("headers", [[], [("x-api-key", "")], [("authorization", "Bearer x")]])
def test_no_key(gateway: RunningGateway, shared_backend: Backend, headers: list[tuple[str, str]]) -> None:
    """Without a key, or with an empty one: 401."""
    assert_refused(gateway.ask("POST", "/v1/predict", *headers, body=b"{}"), refusals.NO_KEY, shared_backend)


@pytest.mark.parametrize("name", ["key", "api_key", "x-api-key"])
def test_key_in_query(gateway: RunningGateway, keys: dict[str, str], shared_backend: Backend, name: str) -> None:
    """A key counts in the header only: in the query it is no key at all."""
    assert_refused(gateway.ask("POST", f"/v1/predict?{name}={keys['demo']}"), refusals.NO_KEY, shared_backend)


def test_wrong_keys(gateway: RunningGateway, keys: dict[str, str], shared_backend: Backend) -> None:
    """A key that is not known, one character off, cut short, too long, or the stored hash itself: 400."""
    key = keys["demo"]
    flipped = key[:-1] + ("0" if key[-1] != "0" else "1")
    hashes = [known.sha256 for known in gateway.gateway.store.read() if known.sha256]
    for wrong in [make_key(), flipped, key[:-1], key + "x", "x" * 1000, key.upper(), "demo", *hashes]:
        answer = gateway.ask("POST", "/v1/predict", ("x-api-key", wrong), body=b"{}")
        assert_refused(answer, refusals.INVALID_KEY, shared_backend)


def test_every_bit_of_a_key_counts(gateway: RunningGateway, keys: dict[str, str], shared_backend: Backend) -> None:
    """A key with any one character changed is refused."""
    key = keys["demo"]
    for place in range(len(key)):
        wrong = key[:place] + chr(ord(key[place]) ^ 1) + key[place + 1 :]
        answer = gateway.ask("GET", "/v1/models/x", ("x-api-key", wrong))
        assert_refused(answer, refusals.INVALID_KEY, shared_backend)


def test_two_keys_in_one_request(gateway: RunningGateway, keys: dict[str, str], shared_backend: Backend) -> None:
    """Two keys are none, whichever of them is right."""
    right, wrong = ("x-api-key", keys["demo"]), ("x-api-key", make_key())
    for headers in [(wrong, right), (right, wrong), (right, right)]:
        answer = gateway.ask("POST", "/v1/predict", *headers)
        assert_refused(answer, refusals.INVALID_KEY, shared_backend)


def test_operation_not_granted(gateway: RunningGateway, keys: dict[str, str], shared_backend: Backend) -> None:
    """A client may only do what the policy grants it."""
    key = ("x-api-key", keys["narrow"])
    assert_refused(gateway.ask("GET", "/v1/models/x", key), refusals.NOT_GRANTED, shared_backend)
    assert gateway.ask("POST", "/v1/predict", key).status == 200


@pytest.mark.parametrize(
    "forged",
    [
        [],
        [("x-forwarded-for", "127.0.0.1")],
        [("x-gateway-client", "narrow")],
        [("x-real-ip", "127.0.0.1"), ("forwarded", "for=127.0.0.1"), ("x-envoy-external-address", "127.0.0.1")],
    ],
)
def test_address_not_allowed(
    gateway: RunningGateway, keys: dict[str, str], shared_backend: Backend, forged: list[tuple[str, str]]
) -> None:
    """From an address off the list: 403, whatever the caller says of itself."""
    answer = gateway.ask("POST", "/v1/predict", ("x-api-key", keys["demo"]), *forged, source="127.0.0.2")
    assert_refused(answer, refusals.BLOCKED, shared_backend)
    answer = gateway.ask("POST", "/v1/predict", ("x-api-key", keys["far"]), ("x-forwarded-for", "203.0.113.9"), *forged)
    assert_refused(answer, refusals.BLOCKED, shared_backend)


def test_address_within_network(gateway: RunningGateway, keys: dict[str, str], shared_backend: Backend) -> None:
    """Every address of a client's network is allowed."""
    for source in ["127.0.0.1", "127.0.0.2", "127.0.0.254"]:
        assert gateway.ask("POST", "/v1/predict", ("x-api-key", keys["narrow"]), source=source).status == 200
    assert gateway.ask("POST", "/v1/predict", ("x-api-key", keys["narrow"]), source="127.0.1.1").status == 403
    assert len(shared_backend.seen) == 3


@pytest.mark.parametrize(
    "path", ["/metrics", "/", "/V1/predict", "/v1/predict/x", "/v1", "/v1/models//", "/v1/models/a/b", "/reload"]
)
def test_unknown_path(gateway: RunningGateway, keys: dict[str, str], shared_backend: Backend, path: str) -> None:
    """What the policy does not name does not exist, with a key or without."""
    for headers in [[], [("x-api-key", keys["demo"])]]:
        assert_refused(gateway.ask("GET", path, *headers), refusals.UNKNOWN_PATH, shared_backend)


def test_no_path_at_all(gateway: RunningGateway, keys: dict[str, str], shared_backend: Backend) -> None:
    """``*`` stands for the whole server, of which the policy says nothing: nobody gets to ask the backend."""
    for headers in [[], [("x-api-key", keys["demo"])]]:
        assert_refused(gateway.ask("OPTIONS", "*", *headers), refusals.UNKNOWN_PATH, shared_backend)


@pytest.mark.parametrize(
    ("method", "path", "template", "allow"),
    [
        ("GET", "/v1/predict", "/v1/predict", "POST"),
        ("GET", "/v1/predict/", "/v1/predict", "POST"),
        ("OPTIONS", "/v1/predict", "/v1/predict", "POST"),
        ("POST", "/v1/models/x", "/v1/models/{model}", "DELETE, GET"),
        ("DELETE", "/v1/models/newest", "/v1/models/newest", "GET"),
        ("POST", "/health/live", "/health/live", "GET"),
    ],
)
def test_wrong_method(
    gateway: RunningGateway,
    keys: dict[str, str],
    shared_backend: Backend,
    method: str,
    path: str,
    template: str,
    allow: str,
) -> None:
    """A path without this method: 405 with its template and the methods it has, with a key or without."""
    for headers in [[], [("x-api-key", keys["demo"])]]:
        answer = gateway.ask(method, path, *headers)
        assert_refused(answer, refusals.wrong_method(template), shared_backend)
        assert answer.headers["allow"] == allow


@pytest.mark.parametrize(
    "path",
    [
        "/v1/predict/",
        "//v1/predict",
        "/v1//predict",
        "/x/../v1/predict",
        "/health/live/../../v1/predict",
        "/v1/./predict",
        "/v1/predict?",
        "/v1/predict?x=/health/live",
        "/v1/models/../predict",
        "/%2e%2e/v1/predict",
    ],
)
def test_other_spellings_of_a_path(
    gateway: RunningGateway, keys: dict[str, str], shared_backend: Backend, path: str
) -> None:
    """Another spelling of a keyed path needs the key just the same, and is the same to the backend."""
    assert_refused(gateway.ask("POST", path), refusals.NO_KEY, shared_backend)
    assert gateway.ask("POST", path, ("x-api-key", keys["demo"])).status == 200
    assert only(shared_backend).path.partition("?")[0].rstrip("/") == "/v1/predict"


@pytest.mark.parametrize("path", ["/v1/models/a%2Fpredict", "/v1/models/a%5cb", "/v1%2fpredict"])
def test_escaped_slash(gateway: RunningGateway, keys: dict[str, str], shared_backend: Backend, path: str) -> None:
    """An escaped slash would be one segment here and two behind: refused."""
    for headers in [[], [("x-api-key", keys["demo"])]]:
        assert_refused(gateway.ask("GET", path, *headers), refusals.BAD_PATH, shared_backend)


def test_public_operation(gateway: RunningGateway, shared_backend: Backend) -> None:
    """A public operation needs no key, and a caller can't pass for a client there either."""
    assert gateway.ask("GET", "/health/live", ("x-gateway-client", "demo"), source="127.0.0.9").status == 200
    assert only(shared_backend).header("x-gateway-client") == []


def test_forged_headers(gateway: RunningGateway, keys: dict[str, str], shared_backend: Backend) -> None:
    """Nothing that speaks of identity reaches the backend from a caller."""
    forged = [
        ("x-gateway-client", "admin"),
        ("X-Gateway-Token", "guess"),
        ("x-gateway-client-ip", "1.2.3.4"),
        ("x-apigateway-api-userinfo", "e30="),
        ("x-forwarded-authorization", "Bearer forged"),
        ("x-request-id", "mine"),
    ]
    answer = gateway.ask("POST", "/v1/predict", ("x-api-key", keys["demo"]), *forged)
    assert answer.headers["x-request-id"] != "mine"
    seen = only(shared_backend)
    assert seen.header("x-gateway-client") == ["demo"]
    assert seen.header("x-gateway-token") == ["the-token-of-this-run"]
    names = {name.lower() for name, _ in seen.headers}
    assert names.isdisjoint({"x-gateway-client-ip", "x-apigateway-api-userinfo", "x-forwarded-authorization"})
    assert seen.header("x-request-id") == [answer.headers["x-request-id"]]


def test_callers_do_not_steer_envoy(gateway: RunningGateway, keys: dict[str, str], shared_backend: Backend) -> None:
    """Envoy's own request headers, which set deadlines and retries, count for nothing from a caller."""
    shared_backend.delay = 0.2
    steering = [("x-envoy-upstream-rq-timeout-ms", "1"), ("x-envoy-internal", "true"), ("x-envoy-max-retries", "9")]
    assert gateway.ask("POST", "/slow", ("x-api-key", keys["demo"]), *steering).status == 200
    names = {name.lower() for name, _ in only(shared_backend).headers}
    assert names.isdisjoint(name for name, _ in steering)


def test_traceparent_passes(gateway: RunningGateway, keys: dict[str, str], shared_backend: Backend) -> None:
    """A caller's trace goes on in the service."""
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    gateway.ask("POST", "/v1/predict", ("x-api-key", keys["demo"]), ("traceparent", trace))
    assert only(shared_backend).header("traceparent") == [trace]


def test_request_ids_differ(gateway: RunningGateway) -> None:
    """Every answer has a request id of its own, a refusal too."""
    identifiers = {gateway.ask("GET", path).headers["x-request-id"] for path in ["/health/live", "/none"] * 5}
    assert len(identifiers) == 10


def test_deadline(gateway: RunningGateway, keys: dict[str, str], shared_backend: Backend) -> None:
    """A backend slower than the operation's deadline: 504, and it is asked once only."""
    shared_backend.delay = 2.0
    answer = gateway.ask("GET", "/slow", ("x-api-key", keys["demo"]))
    assert (answer.status, answer.json) == (504, {"code": 504, "message": "upstream request timeout"})
    assert len(shared_backend.seen) == 1


def test_body_too_large(gateway: RunningGateway, keys: dict[str, str], shared_backend: Backend) -> None:
    """A body over the operation's limit never reaches the backend; one of exactly that size does."""
    too_large = refusals.Refusal(413, "Payload Too Large")
    key = ("x-api-key", keys["demo"])
    assert_refused(gateway.ask("POST", "/small", key, body=b"x" * 101), too_large, shared_backend)
    assert_refused(gateway.ask("POST", "/v1/predict", key, body=b"x" * 10001), too_large, shared_backend)
    assert gateway.ask("POST", "/small", key, body=b"x" * 100).status == 200
    assert gateway.ask("POST", "/v1/predict", key, body=b"x" * 10000).status == 200


def test_headers_too_large(gateway: RunningGateway, shared_backend: Backend) -> None:
    """Over 60 KB of headers, or over a hundred of them: 431."""
    assert gateway.ask("GET", "/health/live", ("a", "x" * 62_000)).status == 431
    assert gateway.ask("GET", "/health/live", *[(f"a{i}", "x") for i in range(101)]).status == 431
    assert shared_backend.seen == []


def test_header_with_underscore(gateway: RunningGateway, keys: dict[str, str], shared_backend: Backend) -> None:
    """A header such as x_gateway_client, which some servers read as x-gateway-client: 400."""
    answer = gateway.ask("POST", "/v1/predict", ("x-api-key", keys["demo"]), ("x_gateway_client", "admin"))
    assert answer.status == 400
    assert shared_backend.seen == []


def test_answer_is_unchanged(gateway: RunningGateway, keys: dict[str, str]) -> None:
    """The backend's own refusals pass as they are."""
    answer = gateway.ask("POST", "/v1/refuse", ("x-api-key", keys["demo"]), body=b"{}")
    assert (answer.status, answer.body) == (422, b'{"title":"Unprocessable Content"}')
    assert answer.headers["content-type"] == "application/problem+json"


def test_one_retry(gateway: RunningGateway, keys: dict[str, str], shared_backend: Backend) -> None:
    """A backend that breaks off without an answer is asked once more, and only once, POST included."""
    shared_backend.break_off = 1
    assert gateway.ask("POST", "/v1/predict", ("x-api-key", keys["demo"]), body=b"{}").status == 200
    assert [seen.body for seen in shared_backend.seen] == [b"{}", b"{}"]
    shared_backend.seen.clear()
    shared_backend.break_off = 2
    answer = gateway.ask("POST", "/v1/predict", ("x-api-key", keys["demo"]), body=b"{}")
    shared_backend.break_off = 0
    assert answer.status == 503
    assert answer.json["message"].startswith("upstream connect error or disconnect/reset before headers. ")
    assert answer.headers["retry-after"] == "1"
    assert len(shared_backend.seen) == 2


def test_access_log(gateway: RunningGateway, keys: dict[str, str]) -> None:
    """One JSON line a request with client, operation and status; no query, and no key in any log."""
    answer = gateway.ask("POST", "/v1/predict?secret=in-the-query", ("x-api-key", keys["demo"]))
    blocked = gateway.ask("POST", "/v1/predict", ("x-api-key", keys["far"]))
    mistyped = gateway.ask("POST", f"/v1/predict?key={keys['demo']}", ("x-api-key", "puerta_local_mistyped"))
    log = gateway.gateway.site.access_logs[0]
    lines = _lines_with(log, *(one.headers["x-request-id"] for one in (answer, blocked, mistyped)))
    allowed_line, blocked_line, _ = lines
    assert (allowed_line["client"], allowed_line["operation"], allowed_line["status"]) == ("demo", "predict", 200)
    assert (allowed_line["method"], allowed_line["path"]) == ("POST", "/v1/predict")
    assert (blocked_line["client"], blocked_line["status"]) == ("far", 403)
    assert blocked_line["backend_microseconds"] is None
    logs = log.read_text() + gateway.log.read_text()
    for secret in [*keys.values(), "puerta_local_mistyped", "in-the-query", "the-token-of-this-run"]:
        assert secret not in logs


def test_access_log_times(gateway: RunningGateway, keys: dict[str, str], shared_backend: Backend) -> None:
    """Whole microseconds: the total is more than what the backend took, and more than the request took to arrive."""
    shared_backend.delay = 0.1
    quick = gateway.ask("POST", "/v1/predict", ("x-api-key", keys["demo"]), body=b"{}")
    slow = gateway.ask("POST", "/slow", ("x-api-key", keys["demo"]), body=b"{}")
    identifiers = [answer.headers["x-request-id"] for answer in (quick, slow)]
    quick_line, slow_line = _lines_with(gateway.gateway.site.access_logs[0], *identifiers)
    for line in (quick_line, slow_line):
        total, received, backend = (line[f"{name}microseconds"] for name in ("", "received_", "backend_"))
        assert isinstance(total, int)
        assert isinstance(received, int)
        assert isinstance(backend, int)
        assert 0 <= received < total
        assert 0 < backend < total
    assert slow_line["backend_microseconds"] >= 100_000


def _lines_with(log: Path, *identifiers: str) -> list[dict[str, Any]]:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        lines = {line["request_id"]: line for line in map(json.loads, log.read_text().splitlines())}
        if set(identifiers) <= set(lines):
            return [lines[identifier] for identifier in identifiers]
        time.sleep(0.05)
    raise AssertionError(f"{identifiers} are not in {log}")


@pytest.mark.parametrize("path", ["/config_dump", "/quitquitquit", "/logging", "/runtime", "/certs", "/help"])
def test_admin_port_shows_no_secret(gateway: RunningGateway, path: str) -> None:
    """The admin port tells health and counters, and has neither the configuration nor a switch."""
    for method in ["GET", "POST"]:
        assert ask(gateway.gateway.site.admin, method, path).status == 403
