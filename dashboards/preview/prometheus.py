"""Questions to a Prometheus over its HTTP API (https://prometheus.io/docs/prometheus/latest/querying/api/)."""

import json
import math
import re
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol
from urllib.error import HTTPError, URLError

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w|y)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000}
_USUAL_SCRAPE = 15.0  # seconds; what Grafana takes where nobody says


class PrometheusError(RuntimeError):
    """A question that was not answered; the message is Prometheus' own where it gave one."""


class UnreachableError(PrometheusError):
    """There is no Prometheus."""


@dataclass(frozen=True)
class Samples:
    """A series: its labels, and its samples in the order of time (seconds since the epoch)."""

    labels: Mapping[str, str]
    times: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Exemplar:
    """One request that stands for others: when it was seen, its value, its labels and its series' labels."""

    time: float
    value: float
    labels: Mapping[str, str]
    series: Mapping[str, str]


class Source(Protocol):
    """What queries are asked of; times and steps are seconds. Whatever is not answered raises PrometheusError."""

    def instant(self, query: str, at: float) -> list[Samples]:
        """One sample a series."""

    def range(self, query: str, start: float, end: float, step: float) -> list[Samples]:
        """Samples at every step from ``start`` to ``end``."""

    def exemplars(self, query: str, start: float, end: float) -> list[Exemplar]:
        """The exemplars of the series that a query selects."""

    def series(self, selectors: Iterable[str], start: float, end: float) -> list[Mapping[str, str]]:
        """The labels of every series that there was."""

    def label_values(self, label: str, start: float, end: float) -> list[str]:
        """Every value of a label, sorted."""

    def scrape_seconds(self) -> float:
        """How often it scrapes."""


@dataclass(frozen=True)
class Prometheus:
    """A Prometheus at a URL."""

    url: str
    timeout: float = 30.0  # seconds

    def instant(self, query: str, at: float) -> list[Samples]:
        """One sample a series."""
        return _samples(self._ask("query", {"query": query, "time": at}))

    def range(self, query: str, start: float, end: float, step: float) -> list[Samples]:
        """Samples at every step from ``start`` to ``end``."""
        return _samples(self._ask("query_range", {"query": query, "start": start, "end": end, "step": step}))

    def exemplars(self, query: str, start: float, end: float) -> list[Exemplar]:
        """The exemplars of the series that a query selects."""
        found = self._ask("query_exemplars", {"query": query, "start": start, "end": end})
        return [
            Exemplar(float(one["timestamp"]), float(one["value"]), one["labels"], series["seriesLabels"])
            for series in found
            for one in series["exemplars"]
        ]

    def series(self, selectors: Iterable[str], start: float, end: float) -> list[Mapping[str, str]]:
        """The labels of every series that there was."""
        found: list[Mapping[str, str]] = self._ask("series", {"match[]": list(selectors), "start": start, "end": end})
        return found

    def label_values(self, label: str, start: float, end: float) -> list[str]:
        """Every value of a label, sorted."""
        path = f"label/{urllib.parse.quote(label, safe='')}/values?" + urllib.parse.urlencode(
            {"start": start, "end": end}
        )
        found: list[str] = self._ask(path)
        return found

    def scrape_seconds(self) -> float:
        """How often it scrapes, by its own configuration; the usual 15 s where it does not show that. It is asked once."""
        return self._scrape_seconds

    @cached_property
    def _scrape_seconds(self) -> float:
        try:
            written = self._ask("status/config")["yaml"]
        except UnreachableError:
            raise
        except (PrometheusError, KeyError, TypeError):
            return _USUAL_SCRAPE
        said = re.search(r"^\s*scrape_interval: (\S+)", written, re.MULTILINE)
        return duration(said[1]) if said else _USUAL_SCRAPE

    def _ask(self, path: str, form: Mapping[str, Any] | None = None) -> Any:
        data = None if form is None else urllib.parse.urlencode(form, doseq=True).encode()
        request = urllib.request.Request(f"{self.url.rstrip('/')}/api/v1/{path}", data)  # noqa: S310 - the caller's address
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:  # noqa: S310
                return json.load(answer)["data"]
        except HTTPError as error:
            raise PrometheusError(_said(error)) from error
        except (URLError, OSError) as error:
            raise UnreachableError(f"no Prometheus answers at {self.url}: {getattr(error, 'reason', error)}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise UnreachableError(f"what answers at {self.url} is no Prometheus") from error


def duration(text: str) -> float:
    """Seconds of a Prometheus duration such as ``1h30m``.

    Raises:
        ValueError: if it is none.
    """
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is no duration such as 30s, 15m or 1h30m")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def written(seconds: float) -> str:
    """Seconds as a Prometheus duration."""
    return f"{seconds:.0f}s" if seconds >= 1 else f"{seconds * 1000:.0f}ms"


def _samples(answer: Mapping[str, Any]) -> list[Samples]:
    kind, result = answer["resultType"], answer["result"]
    if kind == "scalar":
        return [Samples({}, (float(result[0]),), (float(result[1]),))]
    if kind == "string":
        raise PrometheusError("the query gives a string, which nothing can draw")
    return [
        Samples(
            one["metric"],
            tuple(float(time) for time, _ in one.get("values") or [one["value"]]),
            tuple(_number(value) for _, value in one.get("values") or [one["value"]]),
        )
        for one in result
    ]


def _number(text: str) -> float:
    return {"+Inf": math.inf, "-Inf": -math.inf}.get(text) or float(text)


def _said(error: HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, KeyError, TypeError):
        return f"{error.url} is answered {error.code}"
