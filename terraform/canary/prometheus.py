"""A Prometheus asked over its API, Google's Managed Service among them: /api/v1/query and a bearer token."""

import json
import math
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from urllib.error import HTTPError


class PrometheusError(RuntimeError):
    """No answer of a Prometheus, or one that can't be used."""


def managed(project: str) -> str:
    """Where the metrics of a project on Google Cloud are asked for."""
    return f"https://monitoring.googleapis.com/v1/projects/{project}/location/global/prometheus"


@dataclass(frozen=True)
class Prometheus:
    """One server; ``token`` gives what it is shown with each question, for one lasts an hour at most.

    ``timeout``, in seconds, is short: a release that is interrupted waits for the answer that is under way.
    """

    url: str
    token: Callable[[], str] | None = None
    timeout: float = 5.0

    def value(self, query: str) -> float | None:
        """The one value of an instant query, now; None where there is none, or it is no number.

        Raises:
            PrometheusError: if it does not answer, refuses the query, or gives several values.
        """
        request = urllib.request.Request(  # noqa: S310 - the address is the caller's own
            f"{self.url.rstrip('/')}/api/v1/query", urllib.parse.urlencode({"query": query}).encode()
        )
        if self.token is not None and self.url.startswith("https://"):  # never in the open
            request.add_header("authorization", f"Bearer {self.token()}")
        try:
            said = json.loads(self._fetched(request))
            if said["status"] != "success":
                raise PrometheusError(f"{self.url} refuses {query}: {said.get('error')}")
            found = [float(one["value"][1]) for one in said["data"]["result"]]
        except (OSError, HTTPException, ValueError, KeyError, TypeError, IndexError) as error:
            raise PrometheusError(f"{self.url}: no answer of a Prometheus: {type(error).__name__}: {error}") from error
        if len(found) > 1:
            raise PrometheusError(f"{len(found)} values came for {query}, expected one")
        return found[0] if found and math.isfinite(found[0]) else None

    def _fetched(self, request: urllib.request.Request) -> bytes:
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:  # noqa: S310 - as above
                return bytes(answer.read())
        except HTTPError as error:
            if "json" not in error.headers.get("Content-Type", ""):
                raise
            return error.read()  # what is wrong, in words
