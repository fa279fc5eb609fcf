"""What is asked of a running gateway through Envoy's admin port."""

import http.client
import time
from collections.abc import Callable
from urllib.parse import quote

from gateway_config.envoy.bootstrap import Address

_REQUESTS = "http.gateway.downstream_rq_active"
_CONNECTIONS = "http.gateway.downstream_cx_active"
_LISTENERS = "listener_manager.total_listeners_active"
_STOPPED = "listener_manager.listener_stopped"
_POLL = 0.05  # seconds
_LINGER = (
    2.0  # seconds for a caller, on a busy machine too, to find out that its quiet connection will be of no more use
)


def drain(admin: Address, seconds: float, hurry: Callable[[], bool] = lambda: False) -> bool:
    """Let a gateway come to an end without dropping a request: SIGTERM alone would.

    The port is closed first, while callers still keep their connections: were they told to connect anew before
    (``/drain_listeners?graceful``), those just arriving when the port closes would be reset. Envoy closes it when the
    last of its workers has let go of it, some time after it said yes: that is waited for. Then every answer says that it
    is the last one on its connection.

    Returns whether all that was under way was finished within ``seconds``; ``hurry`` ends the wait.
    """
    until = time.monotonic() + seconds

    def wait_while(busy: Callable[[], bool]) -> bool:
        while busy():
            if time.monotonic() > until or hurry():
                return False
            time.sleep(_POLL)
        return True

    try:
        ask(admin, "POST", "/drain_listeners")
        closed = wait_while(lambda: _listening(admin))
        ask(admin, "POST", "/healthcheck/fail")
        lingers_until = time.monotonic() + _LINGER
        return closed and wait_while(lambda: _busy(admin, lingering=time.monotonic() < lingers_until))
    except ConnectionRefusedError:
        return True  # it does not run yet, or no longer: nothing is under way
    except OSError:
        return False


def reopen_logs(admin: Address) -> None:
    """Have a gateway write its logs to new files, where the old ones were renamed.

    Raises:
        OSError: if nobody is there.
    """
    ask(admin, "POST", "/reopen_logs")


def _listening(admin: Address) -> bool:
    values = counters(admin, f"^({_LISTENERS}|{_STOPPED})$")
    return values.get(_STOPPED, 0) < values.get(_LISTENERS, 0)


def _busy(admin: Address, *, lingering: bool) -> bool:
    values = counters(admin, f"^({_REQUESTS}|{_CONNECTIONS})$")  # there are none before it listens
    return values.get(_REQUESTS, 0) != 0 or (lingering and values.get(_CONNECTIONS, 0) != 0)


def counters(admin: Address, pattern: str) -> dict[str, int]:
    """The counters and gauges whose names match a regular expression.

    Raises:
        OSError: if nobody answers.
    """
    stats = ask(admin, "GET", f"/stats?filter={quote(pattern)}")
    return {name: int(value) for name, value in (line.split(": ") for line in stats.splitlines())}


def ask(admin: Address, method: str, path: str) -> str:
    """What the admin port answers.

    Raises:
        OSError: if nobody answers, or not with 200.
    """
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
