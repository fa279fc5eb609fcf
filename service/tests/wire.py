"""HTTP/1.1 as bytes on a socket: what a client library would hide is what these tests are about."""

import json
import re
import socket
from collections.abc import Iterable
from types import TracebackType
from typing import Any, NamedTuple, Self

_PATIENCE = 20  # seconds; only a server that hangs takes them
_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_DATE = re.compile(rb"\r\ndate: [^\r]*")
_TRACE = re.compile(rb"\r\ntraceparent: 00-([0-9a-f]{32})-[0-9a-f]{16}-01")


class ClosedError(Exception):
    """The server closed the connection before a whole answer was there."""


class Response(NamedTuple):
    """An answer: its bytes as they came, and what they mean."""

    raw: bytes
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    @property
    def closes(self) -> bool:
        """Whether the server said that it closes the connection."""
        return self.headers.get("connection") == "close"

    @property
    def normal(self) -> bytes:
        """The bytes without what differs from one time to the next: identifiers made here, the date, the span."""
        text = _UUID.sub(b"<id>", self.raw)
        return _TRACE.sub(rb"\r\ntraceparent: 00-\1-<span>-01", _DATE.sub(b"\r\ndate: <date>", text))


class Connection:
    """A connection to 127.0.0.1. Answers are read one by one, by their own length."""

    def __init__(self, port: int, *, receive_buffer: int | None = None) -> None:
        self._socket = socket.socket()
        if receive_buffer:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.settimeout(_PATIENCE)
        try:
            self._socket.connect(("127.0.0.1", port))
        except OSError:
            self._socket.close()
            raise
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._pending = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def reset(self) -> None:
        """Close the connection as a crashed client does, with a reset."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self._socket.close()

    def send(self, *parts: bytes) -> None:
        """Send each part as a packet of its own."""
        for part in parts:
            self._socket.sendall(part)

    def try_to_send(self, data: bytes, seconds: float) -> int:
        """Send until the server reads no more for some seconds; how many bytes went out."""
        self._socket.settimeout(seconds)
        sent = 0
        try:
            while sent < len(data):
                sent += self._socket.send(data[sent : sent + 65_536])
        except TimeoutError:
            pass
        finally:
            self._socket.settimeout(_PATIENCE)
        return sent

    def ask(self, request: bytes) -> Response:
        """Send a request and read its answer."""
        self.send(request)
        return self.read(head=request.startswith(b"HEAD "))

    def read(self, *, head: bool = False) -> Response:
        """The next answer.

        Raises:
            ClosedError: if the connection ends before it is whole.
        """
        while b"\r\n\r\n" not in self._pending:
            self._more()
        top, _, _ = self._pending.partition(b"\r\n\r\n")
        lines = top.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        status = int(lines[0].split()[1])
        start = len(top) + 4
        length = 0 if head or status < 200 else int(headers["content-length"])
        while len(self._pending) < start + length:
            self._more()
        raw, self._pending = self._pending[: start + length], self._pending[start + length :]
        return Response(raw, status, headers, raw[start:])

    def rest(self) -> bytes:
        """Everything until the server closes."""
        try:
            while True:
                self._more()
        except ClosedError:
            pending, self._pending = self._pending, b""
            return pending

    def _more(self) -> None:
        try:
            data = self._socket.recv(1 << 16)
        except ConnectionResetError as error:
            raise ClosedError("reset") from error
        if not data:
            raise ClosedError(f"closed after {self._pending!r}")
        self._pending += data


def post(
    path: str, body: bytes | str | dict[str, Any], headers: Iterable[str] = (), *, host: str = "service.test"
) -> bytes:
    """A POST as most clients send it."""
    data = json.dumps(body).encode() if isinstance(body, dict) else body.encode() if isinstance(body, str) else body
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(data)}", *headers]
    if not any(line.lower().startswith("content-type") for line in lines):
        lines.append("Content-Type: application/json")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def get(path: str, headers: Iterable[str] = (), *, method: str = "GET") -> bytes:
    """A request without a body."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: service.test", *headers]).encode() + b"\r\n\r\n"


def chunked(path: str, *chunks: bytes) -> bytes:
    """A POST whose body comes in chunks of no announced length in all."""
    head = f"POST {path} HTTP/1.1\r\nHost: service.test\r\nContent-Type: application/json\r\n"
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n\r\n"
