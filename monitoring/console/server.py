"""HTTP for the console: GET and nothing else, on a port and in threads of its own, so that no scrape waits for a page."""

import ipaddress
import logging
import threading
from collections.abc import Callable, Collection
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from monitoring.console.site import Answer, Site

_PATIENCE = 30.0  # seconds that a browser may be silent
_HEADERS: Final = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_TEXT: Final = "text/plain; charset=utf-8"
_log = logging.getLogger("puerta.monitoring.console")


class Server(ThreadingHTTPServer):
    """Serves a site, which is made when somebody first looks: until then its libraries take no memory."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], make_site: "Callable[[], Site]", names: Collection[str] = ()) -> None:
        """Listen.

        Args:
            address: Host and port.
            make_site: Makes what is served.
            names: Hosts that requests may be for; none: those of the loopback where it listens there, or else any.

        Raises:
            OSError: if the address is taken.
        """
        self._make_site = make_site
        self._site: Site | None = None
        self._making = threading.Lock()
        self._names = names
        self._is_local = _is_loopback(address[0])
        super().__init__(address, _Handler)

    def answer(self, target: str) -> "Answer":
        """What the site answers."""
        with self._making:
            site = self._site = self._site or self._make_site()
        return site.answer(target)

    def serves(self, host: str) -> bool:
        """Whether a request for ``host`` is meant for here: a name that only now leads to this machine is not ours."""
        name = urlsplit(f"//{host}").hostname or ""
        if self._names:
            return name in self._names
        return not self._is_local or _is_loopback(name)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    server_version, sys_version = "puerta", ""
    timeout = _PATIENCE

    def do_GET(self) -> None:
        """Answer one request."""
        try:
            is_ours = self.server.serves(self.headers.get("host", ""))
        except ValueError:
            is_ours = False
        if not is_ours:
            self._send(HTTPStatus.MISDIRECTED_REQUEST, b"the console goes by another name\n", _TEXT)
            return
        answer = self.server.answer(self.path)
        self._send(answer.status, answer.body, answer.kind, {"content-security-policy": answer.policy})

    def _refuse(self) -> None:
        self.close_connection = True
        self._send(HTTPStatus.METHOD_NOT_ALLOWED, b"only GET: nothing can be changed here\n", _TEXT, {"allow": "GET"})

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _refuse  # noqa: N815 - the base class looks for these

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing of who looks."""

    def _send(self, status: HTTPStatus, body: bytes, kind: str, more: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (_HEADERS | {"content-type": kind, "content-length": str(len(body))} | (more or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
