"""Callers that ask a gateway without a pause, each on a connection of its own, and count what they are told."""

import http.client
import threading
from collections import Counter
from typing import Self

from gateway_config.envoy.bootstrap import Address


class Callers:
    """Asks from the begin to the end of a ``with`` block; ``told`` are the statuses, and the errors by their type."""

    def __init__(self, address: Address, key: str, count: int = 4) -> None:
        self.told: Counter[int | str] = Counter()
        self._address, self._key = address, key
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(count)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join(30)

    def _ask(self) -> None:
        told: Counter[int | str] = Counter()
        connection = http.client.HTTPConnection(self._address.host, self._address.port, timeout=30)
        while not self._done.is_set():
            try:
                connection.request("POST", "/v1/predict", b"{}", {"x-api-key": self._key})
                answer = connection.getresponse()
                answer.read()
                told[answer.status] += 1
            except (OSError, http.client.HTTPException) as error:
                told[type(error).__name__] += 1
                connection.close()
        connection.close()
        self.told += told
