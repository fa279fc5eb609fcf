"""Telling whole answers from broken ones."""

import asyncio
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load_tests.connection import Answer, BrokenError, Connection, post


class Wire:
    """A writer that keeps what it is given."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        """Keep the bytes."""
        self.written += data

    async def drain(self) -> None:
        """Nothing waits."""


def _ask(reply: bytes) -> Answer:
    """The answer to a request whose server says ``reply`` and hangs up."""

    async def ask() -> Answer:
        reader = asyncio.StreamReader()
        reader.feed_data(reply)
        reader.feed_eof()
        return await Connection(reader, cast("asyncio.StreamWriter", Wire())).ask(b"GET / HTTP/1.1\r\n\r\n")

    return asyncio.run(ask())


def test_an_answer_by_length() -> None:
    """The body ends where Content-Length says; header names are in lower case."""
    answer = _ask(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nX-Y: Z\r\n\r\n{}more")
    assert answer == Answer(404, {"content-length": "2", "x-y": "Z"}, b"{}")
    assert not answer.closes


@given(parts=st.lists(st.binary(min_size=1, max_size=40), max_size=5))
def test_an_answer_in_chunks(parts: list[bytes]) -> None:
    """Chunks are put together, whatever bytes they hold, and trailers are passed over."""
    chunks = b"".join(b"%x;ext=1\r\n%b\r\n" % (len(part), part) for part in parts)
    answer = _ask(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunks + b"0\r\nx: y\r\n\r\n")
    assert answer.body == b"".join(parts)


def test_an_announced_end_is_seen() -> None:
    """``Connection: close`` is an orderly end."""
    assert _ask(b"HTTP/1.1 200 OK\r\nConnection: Close\r\ncontent-length: 0\r\n\r\n").closes


def test_interim_answers_are_passed_over() -> None:
    """100 Continue is not the answer; 204 has no body."""
    assert _ask(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n").status == 204


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhal",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nno length",
        b"HTTP/1.1 OK\r\n\r\n",
        b"nonsense\r\n\r\n",
    ],
)
def test_less_than_a_whole_answer_is_broken(reply: bytes) -> None:
    """A request without a whole answer must never count as answered."""
    with pytest.raises(BrokenError):
        _ask(reply)


def test_a_post_is_framed() -> None:
    """The length is the body's, and headers are added."""
    assert post("/x", b"{}", (("a", "b"),)) == (
        b"POST /x HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 2\r\na: b\r\n\r\n{}"
    )
