"""What is told of the answers to a dashboard's queries, with a Prometheus that answers what a test wants."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from dashboards.liveness import Seen, look
from dashboards.preview.model import dashboard
from dashboards.preview.period import Period
from dashboards.preview.prometheus import Exemplar, PrometheusError, Samples


@dataclass
class Canned:
    """Answers every query alike, and remembers what it was asked."""

    answer: list[Samples] = field(default_factory=list)
    error: str = ""
    asked: list[str] = field(default_factory=list)

    def instant(self, query: str, at: float) -> list[Samples]:
        del at
        return self._answered(query)

    def range(self, query: str, start: float, end: float, step: float) -> list[Samples]:
        del start, end, step
        return self._answered(query)

    def exemplars(self, query: str, start: float, end: float) -> list[Exemplar]:
        del query, start, end
        return []

    def series(self, selectors: Iterable[str], start: float, end: float) -> list[Mapping[str, str]]:
        del selectors, start, end
        return [one.labels for one in self.answer]

    def label_values(self, label: str, start: float, end: float) -> list[str]:
        del label, start, end
        return []

    def scrape_seconds(self) -> float:
        return 5.0

    def _answered(self, query: str) -> list[Samples]:
        self.asked.append(query)
        if self.error:
            raise PrometheusError(self.error)
        return self.answer


def seen(source: Canned, *, base: str = "#808080", mappings: tuple[Any, ...] = (), kind: str = "stat") -> Seen:
    """What comes of a panel that is green from 0.5 on."""
    steps = [{"color": base, "value": None}, {"color": "red", "value": 0}, {"color": "green", "value": 0.5}]
    panel = {
        "type": kind,
        "title": "Left",
        "targets": [{"refId": "A", "expr": "left[$__rate_interval]", "legendFormat": "{{slo}}", "instant": True}],
        "fieldConfig": {"defaults": {"thresholds": {"mode": "absolute", "steps": steps}, "mappings": list(mappings)}},
    }
    (one,) = look(dashboard("test", {"title": "Test", "panels": [panel]}), source, Period(0, 600), {})
    return one


def sample(value: float, **labels: str) -> list[Samples]:
    """One series with one value."""
    return [Samples(labels, (600.0,), (value,))]


def test_variables_are_put_in() -> None:
    """The rate's window is at least four scrapes, as in Grafana."""
    source = Canned()
    seen(source)
    assert source.asked == ["left[20s]"]


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (Canned(sample(0.8, slo="a")), ""),
        (Canned(), "no data"),
        (Canned(error="parse error"), "parse error"),
        (Canned(sample(math.nan, slo="a")), "NaN or infinite"),
        (Canned(sample(math.inf, slo="a")), "NaN or infinite"),
        (Canned(sample(0.8, name="a")), "its series have no label slo"),
    ],
)
def test_what_is_wrong_is_told(source: Canned, complaint: str) -> None:
    """An error, no data, NaN, and series that can't be called what their legend says."""
    assert seen(source).complaint == complaint
    assert seen(source).where == "test: Left (A)"


def test_health_is_what_is_shown_in_green() -> None:
    """By the panel's own thresholds and mappings; a chart's lines have colours that say nothing."""
    assert seen(Canned(sample(0.8, slo="a"))).healthy()
    assert not seen(Canned(sample(0.2, slo="a"))).healthy()
    assert not seen(Canned(sample(0.8, slo="a")), kind="timeseries").healthy()
    mapping = {"type": "value", "options": {"0.2": {"text": "fine", "color": "green"}}}
    assert seen(Canned(sample(0.2, slo="a")), mappings=(mapping,)).healthy()


def test_green_without_data_is_found() -> None:
    """Grafana gives nothing the first step's colour, unless a mapping of nothing has one."""
    nothing = {"type": "special", "options": {"match": "null+nan", "result": {"text": "no data", "color": "gray"}}}
    well = {"type": "special", "options": {"match": "null", "result": {"text": "ok", "color": "green"}}}
    assert not seen(Canned()).healthy_without_data()
    assert seen(Canned(), base="green").healthy_without_data()
    assert not seen(Canned(), base="green", mappings=(nothing,)).healthy_without_data()
    assert seen(Canned(), mappings=(well,)).healthy_without_data()
