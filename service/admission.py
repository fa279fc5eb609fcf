"""How many requests may be under way at once: in all, and for one client."""

from collections import Counter

from prometheus_client import Gauge

from service.problem import Problem


class Admission:
    """Counts requests in and out. Used from the event loop only."""

    def __init__(self, most: int, most_per_client: int, in_flight: Gauge) -> None:
        self._most = most
        self._most_per_client = most_per_client
        self._clients: Counter[str] = Counter()
        self._in_flight = in_flight
        self.count = 0

    def enter(self, client: str | None) -> None:
        """Let a request in; whoever enters must leave.

        Raises:
            Problem: 503 where there are too many requests, 429 where one client has too many; neither has entered.
        """
        if self.count >= self._most:
            raise Problem(503, f"{self.count} requests are under way, the most this instance takes", retry_after=1)
        if client is not None and self._clients[client] >= self._most_per_client:
            detail = (
                f"{self._clients[client]} requests of client {client!r} are under way, the most one client may have"
            )
            raise Problem(429, detail, retry_after=1)
        self.count += 1
        self._in_flight.set(self.count)
        if client is not None:
            self._clients[client] += 1

    def leave(self, client: str | None) -> None:
        """Let a request out."""
        self.count -= 1
        self._in_flight.set(self.count)
        if client is not None:
            self._clients[client] -= 1
            if not self._clients[client]:
                del self._clients[client]
