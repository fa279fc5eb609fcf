"""Slow callers: connections that send a request byte by byte, and that read a long answer so."""

import asyncio
import threading
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from load_tests.scenarios.scenario import Slow

BYTE_SECONDS = 0.5
_CONNECT_SECONDS = 5.0
_RECEIVE_BYTES = 4096  # of a reader's socket: the rest of its answer waits on the other side


@dataclass
class Told:
    """What became of them."""

    opened: int = 0
    requests: int = 0  # begun
    trickled: int = 0  # bytes sent and read one at a time
    ended_by_server: int = 0
    unconnected: int = 0


class SlowCallers:
    """Keeps so many connections busy from a thread of its own, until the context is left."""

    def __init__(self, url: str, body: bytes, long_body: bytes, headers: tuple[str, ...], slow: Slow) -> None:
        self.told = Told()
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        self._tls = True if parts.scheme == "https" else None
        self._heads = {
            body: _head(parts.path, parts.netloc, headers, body),
            long_body: _head(parts.path, parts.netloc, headers, long_body),
        }
        self._body, self._long_body, self._slow = body, long_body, slow
        self._loop = asyncio.new_event_loop()
        self._enough = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="slow callers", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._enough.set)
        self._thread.join()

    def _run(self) -> None:
        self._loop.run_until_complete(self._all())
        self._loop.close()

    async def _all(self) -> None:
        callers = [self._caller(writes=True) for _ in range(self._slow.writers)]
        callers += [self._caller(writes=False) for _ in range(self._slow.readers)]
        tasks = [asyncio.create_task(caller) for caller in callers]
        await self._enough.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _caller(self, *, writes: bool) -> None:
        """One connection after another."""
        while True:
            try:
                opening = asyncio.open_connection(self._host, self._port, limit=_RECEIVE_BYTES, ssl=self._tls)
                reader, writer = await asyncio.wait_for(opening, _CONNECT_SECONDS)
            except OSError:  # a timeout is one
                self.told.unconnected += 1
                await asyncio.sleep(BYTE_SECONDS)
                continue
            self.told.opened += 1
            try:
                await (self._write_slowly(reader, writer) if writes else self._read_slowly(reader, writer))
            except OSError:
                self.told.ended_by_server += 1
            finally:
                writer.close()

    async def _write_slowly(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self._heads[self._body])
        self.told.requests += 1
        for byte in self._body:
            writer.write(bytes([byte]))
            await writer.drain()
            self.told.trickled += 1
            if reader.at_eof():
                raise ConnectionResetError
            await asyncio.sleep(BYTE_SECONDS)
        await reader.read(_RECEIVE_BYTES)

    async def _read_slowly(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self._heads[self._long_body] + self._long_body)
        self.told.requests += 1
        while await reader.read(1):
            self.told.trickled += 1
            await asyncio.sleep(BYTE_SECONDS)
        raise ConnectionResetError


def _head(path: str, host: str, headers: tuple[str, ...], body: bytes) -> bytes:
    lines = (f"POST {path} HTTP/1.1", f"host: {host}", "content-type: application/json", *headers)
    return "\r\n".join((*lines, f"content-length: {len(body)}", "", "")).encode()
