"""The short way over a real socket: however bytes arrive, each request gets its own answer, whole and in order."""

import json
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.application import assemble
from service.settings import Settings
from service.tests.conftest import Start
from service.tests.corpus import CORPUS
from service.tests.exposition import scrape
from service.tests.server import RunningServer
from service.tests.wire import ClosedError, Connection, Response, chunked, get, post

pytestmark = pytest.mark.platform

ROW = '{"instances": [["Sur", "N", 7]], "ids": ["%s"]}'
GOOD = post("/v1/predict", ROW % "a")


@pytest.fixture(scope="module")
def server(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server for the tests that change nothing in it."""
    folder = tmp_path_factory.mktemp("protocol")
    set_up = Settings(
        models_dir=str(models_dir),
        default_model="delays",
        events_dir=str(folder / "events"),
        labels_dir=str(folder / "labels"),
        max_body_bytes=150_000,
    )
    with RunningServer(assemble(set_up)) as running:
        yield running


def identifiers(answers: list[Response]) -> list[str]:
    """The ids of the predictions of good answers."""
    assert [answer.status for answer in answers] == [200] * len(answers)
    return [prediction["id"] for answer in answers for prediction in answer.json["predictions"]]


def problem(answer: Response, status: int) -> str:
    """The detail of an answer that is a problem in the one shape."""
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["request_id"] == answer.headers["x-request-id"]
    detail: str = answer.json["detail"]
    return detail


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that will come to pass; only a server that hangs makes it fail."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it never came to pass"
        time.sleep(0.002)


def test_split_at_every_byte(server: RunningServer) -> None:
    """One request in two packets, whatever byte the cut falls on; all on one connection."""
    with server.connect() as connection:
        for cut in range(1, len(GOOD)):
            connection.send(GOOD[:cut], GOOD[cut:])
            assert identifiers([connection.read()]) == ["a"]


def test_byte_by_byte(server: RunningServer) -> None:
    """Each byte in a packet of its own."""
    with server.connect() as connection:
        for request in (GOOD, chunked("/v1/predict", (ROW % "b").encode())):
            connection.send(*(bytes([byte]) for byte in request))
            assert connection.read().status == 200


def test_pipelined(server: RunningServer) -> None:
    """A hundred requests in one packet, a hundred answers in order."""
    with server.connect() as connection:
        connection.send(b"".join(post("/v1/predict", ROW % number) for number in range(100)))
        assert identifiers([connection.read() for _ in range(100)]) == [str(number) for number in range(100)]


MIXED = {
    "short": (GOOD, 200),
    "bad": (post("/v1/predict", "{"), 400),
    "refused": (post("/v1/predict", '{"instances": [["Este", "N", 7]]}'), 422),
    "ordinary": (get("/v1/models/delays"), 200),
    "chunked": (chunked("/v1/predict", (ROW % "c").encode()), 200),
    "missing": (get("/nowhere"), 404),
    "labels": (post("/v1/labels", '{"labels": [{"id": "a", "label": 1}]}'), 200),
    "another model": (post("/v1/models/total/predict", '{"instances": [[1, 1, true]]}'), 200),
    "failing": (post("/v1/models/fragile/predict", '{"instances": [["broken"]]}'), 500),
    "head": (get("/health/live", method="HEAD"), 405),
    "large": (post("/v1/predict", json.dumps({"instances": [["Sur", "N", 7]] * 4000})), 200),
}


@settings(max_examples=50)
@given(names=st.lists(st.sampled_from(sorted(MIXED)), min_size=1, max_size=8), data=st.data())
def test_pipelined_of_every_kind(server: RunningServer, names: list[str], data: st.DataObject) -> None:
    """Short way and ordinary way mixed, cut anywhere: the answers are those of each alone, in order."""
    alone = {}
    for name in set(names):
        with server.connect() as connection:
            alone[name] = connection.ask(MIXED[name][0]).normal
    stream = b"".join(MIXED[name][0] for name in names)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=4)) | {0, len(stream)})
    with server.connect() as connection:
        connection.send(*(stream[start:end] for start, end in pairwise(cuts)))
        for name in names:
            answer = connection.read(head=name == "head")
            assert answer.status == MIXED[name][1]
            assert answer.normal == alone[name]


def test_the_corpus_in_one_packet_each_and_in_halves(server: RunningServer) -> None:
    """Every request of the corpus, cut in the middle of its head and of its body."""
    for case, (request, status) in CORPUS.items():
        middle = request.index(b"\r\n\r\n") + 4
        body = (middle + len(request)) // 2
        if status == 413:
            continue  # answered before the rest is sent
        with server.connect() as connection:
            connection.send(request[: middle // 2], request[middle // 2 : middle], request[middle:body], request[body:])
            assert connection.read(head=request.startswith(b"HEAD")).status == status, case


def test_two_connections_do_not_mix(server: RunningServer) -> None:
    """Half of one request, then half of another, then the other halves."""
    first, second = post("/v1/predict", ROW % "first"), post("/v1/predict", ROW % "second")
    with server.connect() as one, server.connect() as other:
        one.send(first[:-9])
        other.send(second[:-5])
        one.send(first[-9:])
        other.send(second[-5:])
        assert identifiers([other.read(), one.read()]) == ["second", "first"]


def test_a_state_of_one_request_is_not_the_next_one_s(server: RunningServer) -> None:
    """Headers that one request had, the next on its connection does not have."""
    with server.connect() as connection:
        named = connection.ask(post("/v1/predict", ROW % "a", ["x-request-id: mine", "Content-Type: application/json"]))
        assert named.headers["x-request-id"] == "mine"
        assert connection.ask(post("/v1/predict", "{}", ["Content-Type: text/plain"])).status == 415
        assert connection.ask(GOOD).headers["x-request-id"] != "mine"
        assert connection.ask(get("/v1/models")).headers["x-request-id"] != "mine"


def test_expect_100_continue(server: RunningServer) -> None:
    """The client waits for leave to send the body, and gets it; one that does not wait is answered too."""
    head, _, body = post("/v1/predict", ROW % "a", ["Expect: 100-continue"]).partition(b"\r\n\r\n")
    with server.connect() as connection:
        connection.send(head + b"\r\n\r\n")
        assert connection.read().status == 100
        connection.send(body)
        assert identifiers([connection.read()]) == ["a"]
        connection.send(head + b"\r\n\r\n" + body)
        answer = connection.read()
        assert identifiers([connection.read() if answer.status == 100 else answer]) == ["a"]


@pytest.mark.parametrize("version", [b"HTTP/1.0", b"HTTP/1.1"])
@pytest.mark.parametrize("request_", [GOOD, get("/v1/models"), post("/v1/predict", "{")])
def test_connection_close(server: RunningServer, version: bytes, request_: bytes) -> None:
    """Asked to close (as HTTP/1.0 always is), the server says that it does, and does."""
    request = request_.replace(b"HTTP/1.1", version).replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    with server.connect() as connection:
        assert connection.ask(request).closes
        assert connection.rest() == b""


def test_nothing_is_answered_after_a_close(server: RunningServer) -> None:
    """What is pipelined behind a request that closes is not answered."""
    closing = post("/v1/predict", ROW % "last", ["Connection: close"])
    with server.connect() as connection:
        connection.send(GOOD + closing + GOOD)
        assert identifiers([connection.read(), connection.read()]) == ["a", "last"]
        assert connection.rest() == b""


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"http://elsewhere.test/v1/predict", 200),
        (b"/v1/predict?instances=1#part", 200),
        (b"/v1//predict", 404),
        (b"/v1/./predict", 404),
        (b"/v1/predict%2e", 404),
        (b"/v1/predict;x=1", 404),
        (b"/%", 404),
        (b"/%ff%fe", 404),
        (b"//v1/predict", 404),
        (b"*", 404),
        (b"v1/predict", 400),
        (b"/v1/predict\xc3\xa9", 400),
        (b"/" + b"a" * 60_000, 404),
    ],
)
def test_targets(server: RunningServer, target: bytes, status: int) -> None:
    """Absolute, escaped, strange: found, not found or not HTTP, and always answered in the one shape."""
    request = GOOD.replace(b"/v1/predict", target, 1)
    with server.connect() as connection:
        answer = connection.ask(request)
    assert answer.status == status
    if status != 200:
        problem(answer, status)


INVALID = {
    "not HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "no path": b"GET HTTP/1.1\r\n\r\n",
    "an unknown version": b"GET / HTTP/9.9\r\n\r\n",
    "an unknown method": b"FROBNICATE / HTTP/1.1\r\nHost: a\r\n\r\n",
    "a header without a colon": b"POST /v1/predict HTTP/1.1\r\nHost a\r\n\r\n",
    "a space before the colon": b"POST /v1/predict HTTP/1.1\r\nHost : a\r\n\r\n",
    "a folded header": b"POST /v1/predict HTTP/1.1\r\nx-a: 1\r\n 2\r\nHost: a\r\nContent-Length: 0x\r\n\r\n",
    "a NUL in a header": b"POST /v1/predict HTTP/1.1\r\nx-request-id: a\x00b\r\n\r\n",
    "a bare CR in a header": b"POST /v1/predict HTTP/1.1\r\nx-request-id: a\rb: c\r\n\r\n",
    "a length that is none": b"POST /v1/predict HTTP/1.1\r\nContent-Length: ten\r\n\r\n",
    "a negative length": b"POST /v1/predict HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    "a signed length": b"POST /v1/predict HTTP/1.1\r\nContent-Length: +5\r\n\r\n",
    "a length with an underscore": b"POST /v1/predict HTTP/1.1\r\nContent-Length: 1_0\r\n\r\n",
    "a huge length": b"POST /v1/predict HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    "two lengths": b"POST /v1/predict HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    "a length and chunks": b"POST /v1/predict HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "chunks that are not last": b"POST /v1/predict HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
    "a chunk size that is none": b"POST /v1/labels HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "rubbish after an answer": GOOD + b"rubbish\r\n\r\n",
}


@pytest.mark.parametrize("case", INVALID)
def test_what_is_not_http(server: RunningServer, case: str) -> None:
    """400 in the one shape, the connection closed; whatever was asked properly before is answered first."""
    with server.connect() as connection:
        connection.send(INVALID[case])
        if case == "rubbish after an answer":
            assert identifiers([connection.read()]) == ["a"]
        answer = connection.read()
        assert problem(answer, 400) == "this is not a valid HTTP request"
        assert answer.closes
        assert connection.rest() == b""


def test_rubbish_behind_a_request_that_takes_longer(server: RunningServer) -> None:
    """The answer to a good request comes first, or the connection ends; the 400 never stands in its place."""
    for request in (get("/v1/models"), MIXED["large"][0], chunked("/v1/predict", (ROW % "c").encode())):
        with server.connect() as connection:
            connection.send(request + b"rubbish\r\n\r\n")
            assert connection.read().status == 200


@given(st.binary(min_size=1, max_size=200))
def test_any_bytes(server: RunningServer, data: bytes) -> None:
    """Whatever comes, the server stays up, and what it answers is HTTP."""
    with server.connect() as connection:
        connection.send(data)
        connection._socket.shutdown(1)
        rest = connection.rest()
    assert rest == b"" or rest.startswith(b"HTTP/1.1 4")


@given(st.data())
def test_a_request_with_some_bytes_changed(server: RunningServer, data: st.DataObject) -> None:
    """Near misses of a good request: answered below 500, or closed."""
    request = bytearray(data.draw(st.sampled_from([GOOD, chunked("/v1/predict", (ROW % "c").encode())])))
    for _ in range(data.draw(st.integers(1, 3))):
        request[data.draw(st.integers(0, len(request) - 1))] = data.draw(st.integers(0, 255))
    with server.connect() as connection:
        connection.send(bytes(request))
        connection._socket.shutdown(1)
        rest = connection.rest()
    assert rest == b"" or rest[:10] in {b"HTTP/1.1 2", b"HTTP/1.1 4", b"HTTP/1.1 1"}


@pytest.mark.parametrize(
    "value", ["a%0d%0aset-cookie: b", "a\tb", "a; b", "é", "<script>", "a,b", "x" * 200, "a\x7fb", "a\x80"]
)
@pytest.mark.parametrize("target", ["/v1/predict", "/v1/predict?x", "/v1/nothing"])
def test_no_header_comes_back_changed(server: RunningServer, value: str, target: str) -> None:
    """A request id that is no plain name is replaced; nothing of it is in the answer."""
    request = post(target, ROW % "a", ["x-request-id: @"]).replace(b"@", value.encode("latin-1"))
    with server.connect() as connection:
        answer = connection.ask(request)
    if answer.status != 400:
        assert len(answer.headers["x-request-id"]) == 36
    assert value.encode("latin-1") not in answer.raw
    assert set(answer.headers) <= {"date", "content-type", "x-request-id", "content-length", "connection"}


def test_a_body_too_large(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """413 as soon as the length is announced, or is passed; the connection is closed."""
    monkeypatch.setattr("service.exchange._LINGER_SECONDS", 0.05)
    with server.connect() as connection:
        connection.send(b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Length: 150001\r\n\r\n")
        answer = connection.read()
        assert "150000" in problem(answer, 413)
        assert answer.closes
        assert connection.rest() == b""
    with server.connect() as connection:
        connection.send(b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.send(b"249f1\r\n", b"x" * 150_001)
        problem(connection.read(), 413)


def test_a_client_who_sends_all_of_a_body_too_large(start: Start) -> None:
    """One that reads only after it has sent everything finds the answer, not a broken connection."""
    server = start(max_body_bytes=1000)
    with server.connect() as connection:
        connection.try_to_send(post("/v1/predict", b"x" * 3_000_000), 5)
        problem(connection.read(), 413)


def test_the_rest_of_a_request_that_does_not_come(start: Start) -> None:
    """408 after the deadline, in the middle of the head or of the body, on the short way or another; then closed."""
    server = start(deadline_seconds=0.05)
    for request, keep in (
        (GOOD, 5),
        (GOOD, 40),
        (GOOD, len(GOOD) - 1),
        (GOOD, GOOD.index(b"\r\n\r\n") + 4),
        (post("/v1/labels", "{}"), -1),
        (chunked("/v1/predict", b"{}"), -3),
        (chunked("/v1/predict", b"{}"), chunked("/v1/predict", b"{}").index(b"\r\n\r\n") + 4),
    ):
        with server.connect() as connection:
            connection.send(request[:keep])
            answer = connection.read()
            assert "not complete after 0.05 s" in problem(answer, 408)
            assert answer.closes
            assert connection.rest() == b""
    assert server.service.admission.count == 0


def test_a_slow_request_in_time(start: Start) -> None:
    """The sweep leaves alone what is still within its time."""
    server = start(deadline_seconds=60.0, keep_alive_seconds=60.0)
    with server.connect() as connection:
        connection.send(GOOD[:40])
        until(lambda: bool(server.connections))
        server.within(lambda: [one.sweep(time.perf_counter()) for one in server.connections])
        connection.send(GOOD[40:])
        assert identifiers([connection.read()]) == ["a"]


def test_an_idle_connection_is_closed(start: Start) -> None:
    """Before its first request, after one on the short way, and after an ordinary one."""
    server = start(keep_alive_seconds=0.05)
    for requests in ([], [GOOD], [get("/v1/models")], [GOOD, get("/v1/models"), GOOD]):
        with server.connect() as connection:
            for request in requests:
                try:
                    connection.ask(request)
                except ClosedError:
                    break  # it was idle for that long
            assert connection.rest() == b""
    until(lambda: not server.connections)


def test_a_client_who_does_not_read(start: Start) -> None:
    """The server stops reading from one who does not read, keeps no more than a buffer for it, and answers others."""
    server = start(keep_alive_seconds=60.0)
    row = '{"instances": [%s]}' % ", ".join(['["Sur", "N", 7]'] * 100)
    with Connection(server.port, receive_buffer=4096) as rude:
        stream = post("/v1/predict", row) * 10_000
        sent = rude.try_to_send(stream, 1.0)
        assert sent < len(stream)
        (protocol,) = server.connections
        assert protocol.transport.get_write_buffer_size() < 5_000_000
        with server.connect() as other:
            assert identifiers([other.ask(GOOD)]) == ["a"]
        for _ in range(sent // len(post("/v1/predict", row))):  # read at last, everything is there
            assert rude.read().status == 200


def test_a_client_who_never_reads_is_dropped(start: Start) -> None:
    """Idle for longer than a connection may be, it does not hold its buffers for ever."""
    server = start(keep_alive_seconds=60.0)
    row = '{"instances": [%s]}' % ", ".join(['["Sur", "N", 7]'] * 100)
    with Connection(server.port, receive_buffer=4096) as rude:
        rude.try_to_send(post("/v1/predict", row) * 10_000, 1.0)
        for minutes in (2, 4):
            server.within(lambda m=minutes: [c.sweep(time.perf_counter() + m * 60) for c in server.connections])  # type: ignore[misc]
        until(lambda: not server.connections)


def test_a_client_who_goes_before_the_answer(server: RunningServer) -> None:
    """Reset in the middle of the head, of the body, or with the whole request sent: the others do not notice."""
    for request in (GOOD, MIXED["large"][0], chunked("/v1/predict", b"{}"), get("/v1/models")):
        for keep in (10, len(request) - 1, len(request)):
            connection = server.connect()
            connection.send(request[:keep])
            connection.reset()
    with server.connect() as connection:
        assert identifiers([connection.ask(GOOD)]) == ["a"]
    until(lambda: len(server.connections) == 0)


def test_too_many_connections(start: Start) -> None:
    """One more than the instance holds gets 503 with Retry-After and is closed; when some leave, there is room."""
    server = start(max_connections=2)
    with server.connect() as first, server.connect() as second:
        assert identifiers([first.ask(GOOD), second.ask(GOOD)]) == ["a", "a"]
        for request in (GOOD, get("/v1/models")):
            with server.connect() as third:
                answer = third.ask(request)
                assert "connections are open" in problem(answer, 503)
                assert answer.headers["retry-after"] == "1"
                assert answer.closes
                assert third.rest() == b""
    until(lambda: not server.connections)
    with server.connect() as again:
        assert identifiers([again.ask(GOOD)]) == ["a"]


def test_what_is_measured(start: Start) -> None:
    """Every answer once, whichever way it went, under method, template and code."""
    server = start(deadline_seconds=0.3)
    with server.connect() as connection:
        for request, status in MIXED.values():
            assert connection.ask(request).status == status
    with server.connect() as connection:
        connection.send(GOOD[:-1])
        assert connection.read().status == 408
    with server.connect() as connection:
        connection.send(b"rubbish\r\n\r\n")
        assert connection.read().status == 400
    series = scrape(server.service.metrics.registry).series("http_server_request_duration_seconds_count")
    named = {
        (one["method"], one["route"], one["code"]): count for one, count in ((dict(k), v) for k, v in series.items())
    }
    assert named["POST", "/v1/predict", "200"] == 3
    assert named["POST", "/v1/predict", "400"] == 1
    assert named["POST", "/v1/predict", "422"] == 1
    assert named["POST", "/v1/predict", "408"] == 1
    assert named["POST", "/v1/models/{model}/predict", "500"] == 1
    assert named["GET", "unmatched", "404"] == 1
    assert sum(named.values()) >= len(MIXED) + 1


def test_an_upgrade_that_nobody_offered(server: RunningServer) -> None:
    """A request that would upgrade is answered as it is, or refused; its body is never taken for another request."""
    hidden = get("/v1/models/nobody-knows")
    request = post("/v1/predict", hidden, ["Connection: upgrade", "Upgrade: h2c"])
    head, _, body = request.partition(b"\r\n\r\n")
    with server.connect() as connection:
        connection.send(head + b"\r\n\r\n")
        answer = connection.read()
        if answer.closes:
            assert connection.rest() == b""
        else:
            connection.send(body)
            assert identifiers([connection.ask(GOOD)]) == ["a"]
