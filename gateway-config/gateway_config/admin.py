"""What is asked of a running gateway through Envoy's admin port."""

import http.client
import time
from collections.abc import Callable

from gateway_config.bootstrap import Address

_REQUESTS = "http.gateway.downstream_rq_active"
_CONNECTIONS = "http.gateway.downstream_cx_active"
_POLL = 0.05  # seconds
_LINGER = 1.0  # seconds for a caller to find out that its quiet connection will be of no more use


def drain(admin: Address, seconds: float, hurry: Callable[[], bool] = lambda: False) -> bool:
    """Let a gateway come to an end without dropping a request: SIGTERM alone would.

    The port is closed first, while callers still keep their connections: were they told to connect anew before
    (``/drain_listeners?graceful``), those just arriving when the port closes would be reset. Then every answer says
    that it is the last one on its connection.

    Returns whether all that was under way was finished within ``seconds``; ``hurry`` ends the wait.
    """
    began = time.monotonic()
    try:
        _ask(admin, "POST", "/drain_listeners")
        _ask(admin, "POST", "/healthcheck/fail")
        while _busy(admin, lingering=time.monotonic() - began < _LINGER):
            if time.monotonic() - began > seconds or hurry():
                return False
            time.sleep(_POLL)
    except ConnectionRefusedError:
        return True  # it does not run yet, or no longer: nothing is under way
    except OSError:
        return False
    return True


def _busy(admin: Address, *, lingering: bool) -> bool:
    stats = _ask(admin, "GET", f"/stats?filter=^({_REQUESTS}|{_CONNECTIONS})$")
    values = dict(line.split(": ") for line in stats.splitlines())
    requests, connections = (
        values.get(_REQUESTS, "0"),
        values.get(_CONNECTIONS, "0"),
    )  # there are none before it listens
    return requests != "0" or (lingering and connections != "0")


def _ask(admin: Address, method: str, path: str) -> str:
    connection = http.client.HTTPConnection(admin.host, admin.port, timeout=5)
    try:
        connection.request(method, path, headers={"content-length": "0"})
        answer = connection.getresponse()
        text = answer.read().decode()
        if answer.status != http.client.OK:
            raise OSError(f"{method} {path} on the admin port is answered {answer.status}: {text}")
        return text
    finally:
        connection.close()
