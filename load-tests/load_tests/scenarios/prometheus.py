"""Prometheus asked over its API: https://prometheus.io/docs/prometheus/latest/querying/api/."""

import json
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from math import isnan
from urllib.parse import urlencode, urlsplit

_TIMEOUT_SECONDS = 30.0
# The gateway's log comes in blocks once a second, is read, then scraped. Under load the reader falls behind, and a
# scrape may be missed.
SETTLE_SECONDS = 90.0
_LAG_SECONDS = 2.0
_STILL_LOOKS = 5
_REQUESTS = 'sum(gateway_requests_total{route="predict"})'


class PrometheusError(RuntimeError):
    """Prometheus does not answer, or not as it should."""


@dataclass(frozen=True)
class Prometheus:
    """One server."""

    url: str

    def value(self, query: str, at: float) -> float | None:
        """The only value of an instant query at a moment (seconds since the epoch); None where it gives none.

        Raises:
            PrometheusError: if it does not answer, refuses the query, or gives several values.
        """
        parts = urlsplit(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_SECONDS)
        try:
            asked = urlencode({"query": query, "time": f"{at:.3f}"})
            connection.request(
                "POST", f"{parts.path}/api/v1/query", asked, {"content-type": "application/x-www-form-urlencoded"}
            )
            said = json.loads(connection.getresponse().read())
            if said["status"] != "success":
                raise PrometheusError(f"Prometheus refuses {query!r}: {said.get('error')}")
            found = said["data"]["result"]
        except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
            raise PrometheusError(f"{self.url}: {type(error).__name__}: {error}") from error
        finally:
            connection.close()
        if len(found) > 1:
            raise PrometheusError(f"{len(found)} values came for {query!r}, expected one")
        value = float(found[0]["value"][1]) if found else None
        return None if value is None or isnan(value) else value

    def counted(self, query: str, since: float, until: float) -> float | None:
        """How far a sum of counters went between two moments at which it stood still.

        The difference of two looks, and no ``increase``: that one extrapolates, and knows nothing of a series that begins
        above 0. None where there is nothing at the end.

        Raises:
            PrometheusError: as ``value``.
        """
        after = self.value(query, until)
        return None if after is None else after - (self.value(query, since) or 0.0)

    def settle(self, interval: float) -> float:
        """Wait until the gateway's count of requests stands still, and give that moment.

        Raises:
            PrometheusError: if it never does: somebody else calls, or what reads the log does not keep up.
        """
        limit = time.time() + SETTLE_SECONDS
        time.sleep(_LAG_SECONDS)
        seen: list[float | None] = []
        while time.time() < limit:
            now = time.time()
            seen.append(self.value(_REQUESTS, now))
            if len(seen) > _STILL_LOOKS and len(set(seen[-_STILL_LOOKS:])) == 1:
                return now
            time.sleep(interval)
        raise PrometheusError(f"the gateway's count of requests still grew {SETTLE_SECONDS:.0f} s after the load")
