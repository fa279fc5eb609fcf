"""Calls through the gateway that are sent until they are answered, whatever is started again meanwhile."""

import http.client
import json
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from gateway_config.local import LocalGateway

_SECONDS = 10.0
_PAUSE = 0.5
_PASSING = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)


class RefusedError(RuntimeError):
    """A request that would be refused again; the message says how it was."""


class Caller:
    """Sends one request at a time with one client's key."""

    def __init__(self, gateway: LocalGateway, key: str, wait: Callable[[float], None] = time.sleep) -> None:
        self._gateway = gateway
        self._headers = {"x-api-key": key, "content-type": "application/json"}
        self._wait = wait
        self._connection: http.client.HTTPConnection | None = None
        self.failures = 0

    def post(self, path: str, document: object) -> Any:
        """The answer's body, decoded. What is not answered, or with 408, 429 or 5xx, is sent again, and counted.

        Raises:
            RefusedError: for any other answer than 200.
        """
        body = json.dumps(document).encode()
        while True:
            try:
                status, answer = self._send(path, body)
            except (OSError, http.client.HTTPException):
                self._hang_up()
            else:
                if status == HTTPStatus.OK:
                    return json.loads(answer)
                if status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _PASSING:
                    raise RefusedError(f"POST {path} is answered {status}: {answer.decode(errors='replace')}")
            self.failures += 1
            self._wait(_PAUSE)

    def _send(self, path: str, body: bytes) -> tuple[int, bytes]:
        self._connection = self._connection or self._gateway.connect(_SECONDS)
        self._connection.request("POST", path, body, self._headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
