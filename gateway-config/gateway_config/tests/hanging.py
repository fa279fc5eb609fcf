"""A caller who begins and says no more, until he is let go: he waits while other tests are at work."""

import socket
import threading
import time
from typing import Self

from gateway_config.envoy.bootstrap import Address


class Hanging:
    """A connection on which ``said`` is sent and nothing after it, for the length of a ``with`` block."""

    def __init__(self, address: Address, said: bytes = b"") -> None:
        self._address, self._said = address, said
        self._answer, self._seconds = b"", 0.0
        self._thread = threading.Thread(target=self._wait)

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._connection = socket.create_connection((self._address.host, self._address.port), timeout=30)
        self._connection.sendall(self._said)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._connection:
            self._thread.join(30)

    def end(self) -> tuple[bytes, float]:
        """What he was told, and after how many seconds he was let go."""
        self._thread.join(30)
        assert not self._thread.is_alive(), "he was never let go"
        return self._answer, self._seconds

    def _wait(self) -> None:
        self._answer = b"".join(iter(lambda: self._connection.recv(4096), b""))
        self._seconds = time.monotonic() - self._began
