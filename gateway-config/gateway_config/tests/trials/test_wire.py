"""Bytes of HTTP/1.1 and HTTP/2: right where the shot is right, and wrong in the one place where it wants that."""

import pytest

from gateway_config.tests.trials.test_shots import arms, right
from gateway_config.trials import wire
from gateway_config.trials.shots import FRAMINGS, KEY, Shot


@pytest.fixture
def shot() -> Shot:
    """A right request."""
    made = arms()
    return right(made._replace(keys={**made.keys, "wide": "the-key"}))


def test_http1(shot: Shot) -> None:
    """A right request over HTTP/1.1."""
    assert wire.http1(shot) == (
        b"POST /v1/predict HTTP/1.1\r\nx-case: 0.0\r\nhost: gateway\r\nx-api-key: the-key\r\ncontent-length: 4\r\n\r\nbody"
    )


def test_chunked_with_trailers(shot: Shot) -> None:
    """A body in chunks, with fields behind it."""
    shot.framing = "chunked"
    shot.trailers.append((KEY, b"late"))
    assert wire.http1(shot).endswith(b"\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nx-api-key: late\r\n\r\n")


@pytest.mark.parametrize("framing", FRAMINGS)
def test_every_framing_is_another(shot: Shot, framing: str) -> None:
    """Every way of framing differs from the right one, with HTTP/1.1 or with HTTP/2."""
    if framing == "capital letters":
        shot.fields.append((b"X-Upper", b"1"))
    if framing == "body of a GET":  # wrong by its method, not by its bytes
        shot.method = b"GET"
        assert wire.http1(shot).startswith(b"GET ")
        return
    plain = wire.http1(shot), wire.http2([shot])
    shot.framing = framing
    assert (wire.http1(shot), wire.http2([shot])) != plain


def frames(data: bytes) -> list[tuple[int, int, int, bytes]]:
    """Kind, flags, stream and payload of every frame."""
    found = []
    while data:
        size = int.from_bytes(data[:3], "big")
        found.append((data[3], data[4], int.from_bytes(data[5:9], "big"), data[9 : 9 + size]))
        data = data[9 + size :]
    return found


def test_http2(shot: Shot) -> None:
    """Two right requests over one HTTP/2 connection, each on a stream of its own."""
    data = wire.http2([shot, shot])
    assert data.startswith(wire.PREFACE)
    kinds = [(kind, flags, stream) for kind, flags, stream, _ in frames(data.removeprefix(wire.PREFACE))]
    assert kinds == [
        (wire.SETTINGS, 0, 0),
        (wire.HEADERS, wire.END_HEADERS, 1),
        (wire.DATA, wire.END_STREAM, 1),
        (wire.HEADERS, wire.END_HEADERS, 3),
        (wire.DATA, wire.END_STREAM, 3),
    ]
    block = frames(data.removeprefix(wire.PREFACE))[1][3]
    assert b"\x00\x09x-api-key\x07the-key" in block


def test_long_fields_of_http2(shot: Shot) -> None:
    """A field that fills more than one frame goes on in others, and its length is written in several bytes."""
    shot.fields.append((b"x", b"y" * 40_000))
    kinds = [frame[0] for frame in frames(wire.http2([shot]).removeprefix(wire.PREFACE))]
    assert kinds == [wire.SETTINGS, wire.HEADERS, wire.CONTINUATION, wire.CONTINUATION, wire.DATA]


@pytest.mark.parametrize(
    ("block", "status"),
    [
        (b"\x88", 200),
        (b"\x20\x8d\x00", 404),
        (b"\x08\x03401", 401),
        (b"\x48\x82\x68\x01", 401),  # Huffman's code of 4, 0 and 1
        (b"\x48\x83\x64\x0c\xff", 303),  # with a filling of ones
    ],
)
def test_status(block: bytes, status: int) -> None:
    """The status is read however it is written."""
    assert wire.status_of(block) == status


def test_no_status() -> None:
    """What does not begin with a status is no answer, and says what it is."""
    with pytest.raises(ValueError, match="an answer that begins with"):
        wire.status_of(b"\x3f\xe1\x1f")
