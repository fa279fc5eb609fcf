"""A caller over HTTP/2 (RFC 9113) that shows each answer as it came: what a library would hide, a test wants to see."""

import json
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from gateway_config.envoy.bootstrap import Address
from gateway_config.trials import wire

Field = tuple[str, str]


@dataclass
class Stream:
    """An answer; ``reset`` is the error code of RST_STREAM, which comes last if it comes."""

    status: int = 0
    body: bytes = b""
    complete: bool = False
    reset: int | None = None

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


@dataclass
class Http2:
    """One connection, with TLS where there is a certificate to trust."""

    address: Address
    trust: Path | None = None
    source: str = "127.0.0.1"
    _next: int = field(default=1, init=False)
    _received: bytes = field(default=b"", init=False)

    def __enter__(self) -> Self:
        near = self.address.host, self.address.port
        self._socket = socket.create_connection(near, timeout=10, source_address=(self.source, 0))
        if self.trust:
            context = ssl.create_default_context(cafile=str(self.trust))
            context.set_alpn_protocols(["h2"])
            self._socket = context.wrap_socket(self._socket, server_hostname=self.address.host)
            assert self._socket.selected_alpn_protocol() == "h2"
        # No dynamic table in the answers: their header blocks can then be read by themselves.
        self._socket.sendall(wire.PREFACE + wire.frame(wire.SETTINGS, 0, 0, b"\0\1" + bytes(4)))
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, requests: Sequence[tuple[str, Sequence[Field]]], *, withheld: bool = False) -> list[Stream]:
        """POST to each path with its headers, all of them before any answer is read; the answers in that order.

        A body that is ``withheld`` is announced and never sent.
        """
        streams = {self._next + 2 * place: Stream() for place in range(len(requests))}
        self._next += 2 * len(requests)
        for number, (path, headers) in zip(streams, requests, strict=True):
            pseudo = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "gateway")]
            block = b"".join(_literal(name, value) for name, value in [*pseudo, *headers])
            body = b"" if withheld else wire.frame(wire.DATA, wire.END_STREAM, number, b"{}")
            self._socket.sendall(wire.frame(wire.HEADERS, wire.END_HEADERS, number, block) + body)
        while not all(stream.reset is not None or (stream.complete and not withheld) for stream in streams.values()):
            self._read(streams)
        return list(streams.values())

    def _read(self, streams: dict[int, Stream]) -> None:
        head = self._exactly(wire.FRAME_HEAD)
        kind, flags, number = head[3], head[4], int.from_bytes(head[5:], "big")
        payload = self._exactly(int.from_bytes(head[:3], "big"))
        if kind == wire.GOAWAY:  # the streams so far are answered, unless their number is higher than what it names
            assert all(one <= int.from_bytes(payload[:4], "big") for one in streams), payload
        if number not in streams:
            return
        stream = streams[number]
        if kind == wire.HEADERS:
            stream.status = wire.status_of(payload)
        elif kind == wire.DATA:
            stream.body += payload
        elif kind == wire.RST_STREAM:
            stream.reset = int.from_bytes(payload, "big")
        if kind in (wire.HEADERS, wire.DATA) and flags & wire.END_STREAM:
            stream.complete = True

    def _exactly(self, size: int) -> bytes:
        while len(self._received) < size:
            more = self._socket.recv(65_536)
            assert more, "the gateway has closed the connection"
            self._received += more
        found, self._received = self._received[:size], self._received[size:]
        return found


def _literal(name: str, value: str) -> bytes:
    """A field that enters no table (RFC 7541, section 6.2.2), neither half of it compressed."""
    return b"\0" + _text(name) + _text(value)


def _text(text: str) -> bytes:
    size = len(text)
    first = bytes([size]) if size < 127 else bytes([127]) + _rest(size - 127)
    return first + text.encode()


def _rest(number: int) -> bytes:
    """The octets behind a full prefix (RFC 7541, section 5.1)."""
    if number < 128:
        return bytes([number])
    return bytes([number % 128 + 128]) + _rest(number // 128)
