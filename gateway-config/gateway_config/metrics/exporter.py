"""The gateway's own metrics, told from its access log: what clients see, and what the gateway adds to it."""

import logging
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from queue import Empty, SimpleQueue

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server

from gateway_config.envoy.bootstrap import Address
from gateway_config.metrics.access_log import AccessLog, Entry
from gateway_config.policy.model import Policy

NOBODY = "none"  # the client of a request that no key was recognised on
UNMATCHED = "unmatched"  # the route of a request for no operation

# The objectives' own limits are among the bounds: 25 ms of overhead, 0.4 and 1 s for an answer.
OVERHEAD_SECONDS = (0.00025, 0.0005, 0.00075, 0.001, 0.0015, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
REQUEST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 2.5, 5.0, 10.0, 15.0)

_REFUSALS = {
    0: "caller_gone",
    200: "preflight",
    204: "preflight",
    401: "no_key",
    403: "not_granted",
    404: "unknown_path",
    405: "wrong_method",
    408: "slow_caller",
    413: "body_size",
    429: "limit",
    431: "header_size",
    503: "unavailable",
    504: "deadline",
}
_EXPECTED_CODES = ("200", "429", "500", "502", "503", "504")
_LABELS = ("route", "client", "code")
_MICROS = 1_000_000  # in a second
_log = logging.getLogger("puerta.gateway.metrics")


def refusal(entry: Entry) -> str:
    """Why no backend answered a request, in a word: ``reason`` itself is Envoy's, and has no end of values."""
    reason = entry.reason or ""
    if entry.status == HTTPStatus.BAD_REQUEST and reason == "lua_response":
        return "invalid_key"
    if entry.status == HTTPStatus.FORBIDDEN and reason.startswith("rbac_access_denied"):
        return "address"
    return _REFUSALS.get(entry.status, "malformed")


class GatewayMetrics:
    """Histograms and counters of one gateway, in a registry of their own."""

    def __init__(self, expected: Iterable[tuple[str, str]] = ()) -> None:
        """``expected`` are routes and clients whose counters begin at 0.

        The first request that a counter is made for is one that no rate ever sees, so the codes that objectives are
        about are there from the start.
        """
        self.registry = CollectorRegistry()
        self._counted = Counter("gateway_requests", "Requests, by what came of them.", _LABELS, registry=self.registry)
        for route, client in expected:
            for code in _EXPECTED_CODES:
                self._counted.labels(route, client, code)
        self._seconds = Histogram(
            "gateway_request_duration_seconds",
            "From a request's first byte to the last of its answer, as the gateway's caller sees it.",
            _LABELS,
            buckets=REQUEST_SECONDS,
            registry=self.registry,
        )
        self._overhead = Histogram(
            "gateway_overhead_seconds",
            "What the gateway adds: from the whole request to the last byte of the answer, without the backend's part.",
            _LABELS,
            buckets=OVERHEAD_SECONDS,
            registry=self.registry,
        )
        self._refused = Counter(
            "gateway_refused",
            "Requests that the gateway answered itself.",
            ("client", "reason"),
            registry=self.registry,
        )
        self._unreadable = Counter(
            "gateway_access_log_unreadable", "Lines of the access log that are none.", registry=self.registry
        )
        self._series: dict[tuple[str | None, str | None, int], tuple[Counter, Histogram, Histogram]] = {}

    def observe(self, entries: Iterable[Entry]) -> None:
        """Count requests; the overhead is known of those alone that a backend answered."""
        for entry in entries:
            counted, seconds, overhead = self._of(entry)
            total = entry.microseconds or 0
            counted.inc()
            seconds.observe(total / _MICROS)
            if entry.backend_microseconds is None:
                self._refused.labels(entry.client or NOBODY, refusal(entry)).inc()
            else:
                known = entry.backend_microseconds + (entry.received_microseconds or 0)
                overhead.observe(max(0, total - known) / _MICROS)

    def unreadable(self, lines: int) -> None:
        """Count lines that could not be read."""
        self._unreadable.inc(lines)

    def _of(self, entry: Entry) -> tuple[Counter, Histogram, Histogram]:
        key = entry.operation, entry.client, entry.status
        series = self._series.get(key)
        if series is None:
            labels = (entry.operation or UNMATCHED, entry.client or NOBODY, str(entry.status))
            series = self._counted.labels(*labels), self._seconds.labels(*labels), self._overhead.labels(*labels)
            self._series[key] = series
        return series


def expected(policy: Policy) -> Iterator[tuple[str, str]]:
    """Every operation with every client that may ask for it."""
    for route, operation in policy.operations.items():
        if not operation.keyed:
            yield route, NOBODY
        for name, client in policy.clients.items():
            if operation.keyed and (client.operations == "all" or route in client.operations):
                yield route, name


def serve(
    metrics: GatewayMetrics, log: AccessLog, address: Address, stop: SimpleQueue[None], *, every: float = 1.0
) -> None:
    """Answer ``GET /metrics`` on an address, and read the log every so many seconds, until ``stop`` has something.

    Raises:
        OSError: if the port is taken.
    """
    server, thread = start_http_server(address.port, address.host, metrics.registry)
    unreadable = 0
    try:
        while not _told(stop, every):
            try:
                metrics.observe(log.read())
            except OSError as error:
                _log.warning("the access log could not be read", extra={"reason": str(error)})
            metrics.unreadable(log.unreadable - unreadable)
            unreadable = log.unreadable
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        log.close()


def _told(stop: SimpleQueue[None], seconds: float) -> bool:
    try:
        stop.get(timeout=seconds)
    except Empty:
        return False
    return True
