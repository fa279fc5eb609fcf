"""Requests that are sent until they are answered."""

import http.client
from collections.abc import Iterable
from typing import Any, cast

import pytest

from gateway_config.local import LocalGateway
from puerta.replay.caller import Caller, RefusedError


class Connection:
    """Answers once with a status and a body, or fails as a connection does."""

    def __init__(self, outcome: tuple[int, bytes] | Exception) -> None:
        self._outcome = outcome
        self.sent: list[tuple[Any, ...]] = []

    def request(self, *request: Any) -> None:
        """What is asked."""
        self.sent.append(request)

    def getresponse(self) -> "Connection":
        """The answer, or its absence."""
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self

    @property
    def status(self) -> int:
        """Of the answer."""
        assert not isinstance(self._outcome, Exception)
        return self._outcome[0]

    def close(self) -> None:
        """It is asked nothing more."""
        self.request = None  # type: ignore[method-assign,assignment]

    def read(self) -> bytes:
        """Its body."""
        assert not isinstance(self._outcome, Exception)
        return self._outcome[1]


class Gateway:
    """Every connection to it comes to another end."""

    def __init__(self, outcomes: Iterable[tuple[int, bytes] | Exception]) -> None:
        self.connections = list(map(Connection, outcomes))
        self._left = iter(self.connections)

    def connect(self, seconds: float) -> Connection:
        """The next connection."""
        assert seconds > 0
        return next(self._left)


def test_sent_again_until_it_is_answered() -> None:
    """A service that is started again loses no flight: each failure is waited out, and counted."""
    failures = [ConnectionRefusedError(), http.client.RemoteDisconnected("gone"), TimeoutError()]
    gateway, waits = Gateway([*failures, (200, b'{"predictions": []}')]), list[float]()
    caller = Caller(cast("LocalGateway", gateway), "key", waits.append)
    assert caller.post("/v1/predict", {"instances": [1]}) == {"predictions": []}
    assert caller.failures == len(waits) == 3
    assert min(waits) > 0
    sent = [connection.sent for connection in gateway.connections]
    assert (
        sent
        == [[("POST", "/v1/predict", b'{"instances": [1]}', {"x-api-key": "key", "content-type": "application/json"})]]
        * 4
    )


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_what_passes_is_waited_for(status: int) -> None:
    """The connection stays; the request is sent on it again."""
    gateway = Gateway([(status, b"{}")])
    connection = gateway.connections[0]
    caller = Caller(cast("LocalGateway", gateway), "key", lambda _: setattr(connection, "_outcome", (200, b"{}")))
    caller.post("/v1/predict", {})
    assert len(connection.sent) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_what_is_refused_is_not_sent_again(status: int) -> None:
    """It would be refused again; the answer says why."""
    waits: list[float] = []
    caller = Caller(cast("LocalGateway", Gateway([(status, b'{"detail": "why"}')])), "key", waits.append)
    with pytest.raises(RefusedError, match=f"POST /v1/predict is answered {status}: .*why"):
        caller.post("/v1/predict", {})
    assert waits == []
