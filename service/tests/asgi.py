"""Requests to an ASGI application without a server or a socket."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable, Iterator, MutableMapping
from typing import Any, NamedTuple

Message = MutableMapping[str, Any]
Application = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]


class Reply(NamedTuple):
    """An answer: status, headers in order, body."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        """A header, or None."""
        found = [value.decode() for key, value in self.headers if key == name.encode()]
        assert len(found) < 2, found
        return found[0] if found else None


class _Bare:
    """An awaitable that can do no more than it must, as granian's: no ``send``, no ``throw``."""

    def __init__(self, coroutine: Coroutine[Any, Any, Message]) -> None:
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, Any, Message]:
        return self  # type: ignore[return-value]  # that is the point

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self._coroutine.send(None)


async def ask(
    application: Application,
    path: str,
    *parts: bytes,
    method: str = "POST",
    headers: Iterable[tuple[str, str]] = (("content-type", "application/json"),),
    then: str = "end",
    announced: int | None = None,
    pause: float = 0.0,
    coroutines: bool = True,
) -> Reply:
    """The answer to a request whose body comes in parts.

    After the parts is the "end", or the rest never comes ("stall"), or the caller goes away ("gone"). The length of the
    body is ``announced``; one that ends as it should is announced as long as it is, and -1 announces none.
    Each part comes after a ``pause``; ``coroutines`` says whether ``receive`` gives such, or some other awaitable.
    """
    length = sum(map(len, parts)) if announced is None and then == "end" else announced
    lengths = [] if method == "GET" or length is None or length < 0 else [("content-length", str(length))]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in (*headers, *lengths)],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }
    incoming: list[Message] = [
        {"type": "http.request", "body": part, "more_body": then != "end" or place < len(parts) - 1}
        for place, part in enumerate(parts)
    ]
    if not parts and then == "end":
        incoming = [{"type": "http.request", "body": b"", "more_body": False}]
    if then == "gone":
        incoming.append({"type": "http.disconnect"})
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.sleep(pause)
        if not incoming:
            await asyncio.Event().wait()
        return incoming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await application(scope, receive if coroutines else lambda: _Bare(receive()), send)
    if not sent:
        return Reply(0, [], b"")
    start, *rest = sent
    assert start["type"] == "http.response.start"
    assert all(message["type"] == "http.response.body" for message in rest)
    assert rest[-1].get("more_body", False) is False
    return Reply(start["status"], list(start["headers"]), b"".join(message.get("body", b"") for message in rest))
