"""Answers taken while the load runs, to be compared afterwards with what they must be."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from itertools import cycle
from typing import Self

# Slow enough to cost the client's core about one percent.
PAUSE_SECONDS = 0.05
_JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Sample:
    """One answer: which body asked for it (an index), its status and its bytes."""

    index: int
    status: int
    answer: bytes


class Sampler:
    """Asks now and then over a connection of its own, from a thread, until the context is left.

    An answer that does not come is in ``failures``, in words. ``connect`` leads elsewhere than to this machine's port.
    """

    def __init__(
        self,
        port: int,
        path: str,
        bodies: Sequence[bytes],
        headers: Mapping[str, str] | None = None,
        connect: Callable[[], HTTPConnection] | None = None,
    ) -> None:
        self.samples: list[Sample] = []
        self.failures: list[str] = []
        self._port = port
        self._path = path
        self._bodies = bodies
        self._headers = headers
        self._connect = connect
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._ask, name="sampler", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()

    def _ask(self) -> None:
        connection = self._connect() if self._connect else HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            for index in cycle(range(len(self._bodies))):
                self.samples.append(ask(connection, self._path, index, self._bodies[index], self._headers))
                if self._enough.wait(PAUSE_SECONDS):
                    return
        except (OSError, HTTPException) as error:
            self.failures.append(f"a sample was not answered: {type(error).__name__}: {error}")
        finally:
            connection.close()


def ask(
    connection: HTTPConnection, path: str, index: int, body: bytes, headers: Mapping[str, str] | None = None
) -> Sample:
    """Send one body and read its answer."""
    connection.request("POST", path, body, {**_JSON, **(headers or {})})
    response = connection.getresponse()
    return Sample(index, response.status, response.read())
