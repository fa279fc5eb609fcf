"""One keep-alive HTTP/1.1 connection that tells apart what a load test must tell apart.

Whether an answer was whole, whether the server announced the end (``Connection: close``), and whether a request that
was sent was never answered.
"""

import asyncio
from dataclasses import dataclass
from typing import Self

HEAD_LIMIT = 1 << 16


class BrokenError(ConnectionError):
    """The connection ended before the whole answer was there, or what came is no HTTP/1.1."""


@dataclass(frozen=True)
class Answer:
    """A whole answer; header names are in lower case, of repeated ones the last."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def closes(self) -> bool:
        """Whether the server said that it closes the connection."""
        return self.headers.get("connection", "").lower() == "close"


class Connection:
    """An open connection. Requests go out as bytes, so that anything can be sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int, host: str = "127.0.0.1") -> Self:
        """Connect.

        Raises:
            OSError: if nobody listens.
        """
        return cls(*await asyncio.open_connection(host, port, limit=HEAD_LIMIT))

    async def ask(self, request: bytes) -> Answer:
        """Send one request and read its answer, past any 1xx.

        Raises:
            BrokenError: if the answer is not whole.
        """
        try:
            self._writer.write(request)
            await self._writer.drain()
            while True:
                answer = await self._answer()
                if answer.status >= 200:  # noqa: PLR2004 - below are the interim answers of RFC 9110
                    return answer
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError) as error:
            raise BrokenError(f"{type(error).__name__}: {error}") from error

    async def close(self) -> None:
        """Close the connection; one that the server has already closed is no error."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            return

    async def _answer(self) -> Answer:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *rest = head.split("\r\n")[:-2]
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
        status = int(first.removeprefix("HTTP/1.1 ")[:3])
        if status < 200 or status in {204, 304}:  # noqa: PLR2004 - RFC 9112, section 6.3: these have no body
            return Answer(status, headers, b"")
        if "chunked" in headers.get("transfer-encoding", ""):
            return Answer(status, headers, await self._chunks())
        if "content-length" in headers:
            return Answer(status, headers, await self._reader.readexactly(int(headers["content-length"])))
        raise ValueError(f"an answer {status} with neither Content-Length nor chunks")

    async def _chunks(self) -> bytes:
        body = bytearray()
        while size := int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16):
            body += (await self._reader.readexactly(size + 2))[:-2]
        while await self._reader.readuntil(b"\r\n") != b"\r\n":
            pass  # trailers
        return bytes(body)


def post(path: str, body: bytes, headers: tuple[tuple[str, str], ...] = ()) -> bytes:
    """Write a POST of JSON."""
    given = (("host", "127.0.0.1"), ("content-type", "application/json"), ("content-length", str(len(body))), *headers)
    head = "".join(f"{name}: {value}\r\n" for name, value in given)
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body
