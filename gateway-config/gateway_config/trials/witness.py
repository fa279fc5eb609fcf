"""A backend for trials of the gateway: it answers at once, and remembers every request that reached it.

It reads HTTP/1.1 more strictly than a service would: what it can't make out is remembered as well.
"""

import asyncio
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, cast

from gateway_config.envoy.bootstrap import Address

PROBE = "/health/ready"  # what the gateway asks by itself; noted only where somebody else asks it

_REQUEST_LINE = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.1")
_PATIENCE = 10.0  # seconds for a thread to begin or to end


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that reached the backend; the headers' names are in lower case."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def values(self, name: str) -> list[str]:
        """All values of a header."""
        return [value for key, value in self.headers if key == name]


@dataclass(frozen=True, slots=True)
class Reply:
    """What the backend answers, after so many seconds."""

    status: int = 200
    body: bytes = b"{}"
    seconds: float = 0.0


class Witness:
    """An HTTP/1.1 server on a loopback port of its own, in a thread of its own, for the length of a ``with`` block."""

    def __init__(self, reply: Callable[[Seen], Reply] = lambda _: Reply()) -> None:
        self.reply = reply
        self.seen: list[Seen] = []
        self.garbage: list[bytes] = []  # what is no request
        self.probes = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._connections: set[asyncio.Transport] = set()
        self._port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.die()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE)
        self._loop.close()

    @property
    def address(self) -> Address:
        """Where it listens."""
        return Address("127.0.0.1", self._port)

    def listen(self) -> None:
        """Take connections; on the same port as before, if it did already."""
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(_PATIENCE)
        self._port = self._server.sockets[0].getsockname()[1]

    def die(self) -> None:
        """Stop listening and break off every connection, answered or not."""
        asyncio.run_coroutine_threadsafe(self._die(), self._loop).result(_PATIENCE)

    async def _listen(self) -> asyncio.Server:
        return await self._loop.create_server(lambda: _Connection(self, self._connections), "127.0.0.1", self._port)

    async def _die(self) -> None:
        self._server.close()
        for transport in tuple(self._connections):
            transport.abort()
        await asyncio.sleep(0)

    def note(self, seen: Seen) -> Reply:
        """Remember a request, and say how to answer it. A probe of the gateway's own carries its name."""
        if seen.path == PROBE and any(agent.startswith("Envoy/HC") for agent in seen.values("user-agent")):
            self.probes += 1
            return Reply()
        self.seen.append(seen)
        return self.reply(seen)


class _Connection(asyncio.Protocol):
    def __init__(self, witness: Witness, connections: set[asyncio.Transport]) -> None:
        self._witness, self._connections = witness, connections
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        try:
            while (taken := _take(self._received)) is not None:
                seen, self._received = taken
                self._answer(self._witness.note(seen))
        except ValueError:
            self._witness.garbage.append(self._received)
            self._transport.abort()

    def _answer(self, reply: Reply) -> None:
        head = (
            f"HTTP/1.1 {reply.status} -\r\ncontent-type: application/json\r\ncontent-length: {len(reply.body)}\r\n\r\n"
        )
        if reply.seconds:
            asyncio.get_running_loop().call_later(reply.seconds, self._send, head.encode() + reply.body)
        else:
            self._send(head.encode() + reply.body)

    def _send(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


def _take(received: bytes) -> tuple[Seen, bytes] | None:
    """The first request of what came, and the rest; None while it is not whole.

    Raises:
        ValueError: if it is no request as a proxy may send one.
    """
    head, end, rest = received.partition(b"\r\n\r\n")
    if not end:
        return None
    first, *lines = head.split(b"\r\n")
    match = _REQUEST_LINE.fullmatch(first)
    if match is None:
        raise ValueError
    fields = [line.partition(b":") for line in lines]
    headers = tuple((name.lower().decode("ascii"), value.strip().decode("latin-1")) for name, _, value in fields)
    lengths = [value for name, value in headers if name == "content-length"]
    coded = [value for name, value in headers if name == "transfer-encoding"]
    if coded == ["chunked"] and not lengths:
        unchunked = _unchunk(rest)
        if unchunked is None:
            return None
        body, rest = unchunked
    elif coded or len(lengths) > 1:
        raise ValueError
    else:
        length = int(lengths[0]) if lengths else 0
        if len(rest) < length:
            return None
        body, rest = rest[:length], rest[length:]
    return Seen(match[1].decode(), match[2].decode("latin-1"), headers, body), rest


def _unchunk(coded: bytes) -> tuple[bytes, bytes] | None:
    """RFC 9112, section 7.1, without trailers."""
    body = b""
    while True:
        size, end, coded = coded.partition(b"\r\n")
        if not end:
            return None
        length = int(size, 16)
        if len(coded) < length + 2:
            return None
        if coded[length : length + 2] != b"\r\n":
            raise ValueError
        body, coded = body + coded[:length], coded[length + 2 :]
        if length == 0:
            return body, coded
