"""A server whose slowness is known: it answers at once, but for one stall, or one request after another at a fixed pace."""

import asyncio
import ssl
import threading
import time
from typing import Self

from gateway_config.ports import free_port

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class SlowServer:
    """Serves from a thread of its own until the context is left. It has one thread, so a pause holds up everybody.

    Args:
        stalls_at: pause once, before answering the request of this number (from 1); 0: never.
        stall_seconds: for how long.
        each_seconds: pause before every answer.
        leaves_at: stop listening at the request of this number; 0: never.
        answers: what is sent, one after another; ``None`` breaks the connection off, ``b""`` leaves it unanswered.
        tls: serve https with this.
    """

    def __init__(
        self,
        *,
        stalls_at: int = 0,
        stall_seconds: float = 0.0,
        each_seconds: float = 0.0,
        leaves_at: int = 0,
        answers: tuple[bytes | None, ...] = (ANSWER,),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.requests: list[bytes] = []
        self.port = free_port()
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/v1/predict"
        self._stalls_at = stalls_at
        self._stall_seconds = stall_seconds
        self._each_seconds = each_seconds
        self._leaves_at = leaves_at
        self._answers = answers
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._serve, name="slow-server")

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _serve(self) -> None:
        self._loop.run_until_complete(self._until_stopped())
        self._loop.close()

    async def _until_stopped(self) -> None:
        self._server = await self._loop.create_server(
            lambda: _Caller(self), "127.0.0.1", self.port, ssl=self._tls, backlog=500
        )
        self._ready.set()
        await self._stop.wait()
        self._server.close()

    def answer(self, request: bytes) -> bytes | None:
        """Note a request, wait as long as is meant, and give what is to be sent."""
        self.requests.append(request)
        number = len(self.requests)
        if number == self._leaves_at:
            self._server.close()
        if number == self._stalls_at:
            time.sleep(self._stall_seconds)
        if self._each_seconds:
            time.sleep(self._each_seconds)
        return self._answers[(number - 1) % len(self._answers)]


class _Caller(asyncio.Protocol):
    def __init__(self, server: SlowServer) -> None:
        self._server = server
        self._received = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # of a TCP connection it is a Transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        if end and len(body) >= length:
            self._received = b""
            answer = self._server.answer(head + end + body)
            if answer is None:
                self._transport.abort()
            else:
                self._transport.write(answer)
