"""The trials' backend sees exactly what was sent to it, takes nothing for a request that is none, and can die."""

import socket
import time
from collections.abc import Iterator

import pytest

from gateway_config.trials.witness import Reply, Seen, Witness


@pytest.fixture
def witness() -> Iterator[Witness]:
    """A backend that answers 200."""
    with Witness() as running:
        yield running


def send(witness: Witness, data: bytes) -> bytes:
    """Send bytes, and take what comes within a moment."""
    with socket.create_connection((witness.address.host, witness.address.port), timeout=1) as plug:
        plug.sendall(data)
        received = b""
        plug.settimeout(0.3)
        try:
            while piece := plug.recv(65_536):
                received += piece
        except (TimeoutError, ConnectionResetError):
            pass
        return received


def test_requests(witness: Witness) -> None:
    """Requests on one connection, with a length, in chunks or without a body, each with all its headers."""
    answers = send(
        witness,
        b"POST /a?b HTTP/1.1\r\nX-One: 1\r\nx-one: 2\r\ncontent-length: 3\r\n\r\nabc"
        b"POST /c HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
        b"GET /d HTTP/1.1\r\n\r\n",
    )
    assert answers.count(b"HTTP/1.1 200 ") == 3
    assert witness.seen == [
        Seen("POST", "/a?b", (("x-one", "1"), ("x-one", "2"), ("content-length", "3")), b"abc"),
        Seen("POST", "/c", (("transfer-encoding", "chunked"),), b"abc"),
        Seen("GET", "/d", (), b""),
    ]
    assert witness.seen[0].values("x-one") == ["1", "2"]
    assert witness.garbage == []


@pytest.mark.parametrize(
    "data",
    [
        b"get / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET /a b HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\na",
        b"POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\nrest\r\n\r\n",
    ],
)
def test_garbage(witness: Witness, data: bytes) -> None:
    """What a proxy may not send is kept apart, and ends the connection."""
    send(witness, data)
    assert len(witness.garbage) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HT",
        b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nab",
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3",
    ],
)
def test_half_a_request(witness: Witness, data: bytes) -> None:
    """What is not whole yet is neither a request nor garbage."""
    assert send(witness, data) == b""
    assert (witness.seen, witness.garbage) == ([], [])


def test_probes(witness: Witness) -> None:
    """The gateway's own probe is counted apart; the same path asked by somebody else is a request."""
    send(witness, b"GET /health/ready HTTP/1.1\r\nuser-agent: Envoy/HC\r\n\r\n")
    assert (witness.probes, witness.seen) == (1, [])
    send(witness, b"GET /health/ready HTTP/1.1\r\nuser-agent: curl\r\n\r\n")
    assert (witness.probes, len(witness.seen)) == (1, 1)


def test_reply() -> None:
    """It answers what it is told to, after the time it is told to take."""
    with Witness(lambda seen: Reply(422, seen.path.encode(), 0.15)) as witness:
        began = time.monotonic()
        answer = send(witness, b"GET /x HTTP/1.1\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 422 ")
        assert answer.endswith(b"\r\n\r\n/x")
        assert time.monotonic() - began > 0.15


def test_death(witness: Witness) -> None:
    """A dead backend refuses connections, has broken off those it had, and can come back on the same port."""
    address = witness.address
    with socket.create_connection((address.host, address.port), timeout=5) as plug:
        time.sleep(0.1)
        witness.die()
        assert plug.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.host, address.port), timeout=1)
    witness.listen()
    assert witness.address == address
    assert send(witness, b"GET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200 ")
