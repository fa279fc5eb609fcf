"""A Prometheus that knows its answers by heart, and panels to draw them in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dashboards.preview.answers import Answer, Series, ask
from dashboards.preview.model import Dashboard, Panel, dashboard
from dashboards.preview.period import Period
from dashboards.preview.prometheus import Exemplar, PrometheusError, Samples
from dashboards.preview.variables import Scope

PERIOD = Period(1_000_000.0, 1_000_600.0)


@dataclass
class Canned:
    """Answers by query; a query without one selects nothing, one with an error raises it. It keeps what it was asked."""

    answers: Mapping[str, Sequence[Samples] | PrometheusError] = field(default_factory=dict)
    labels: Sequence[Mapping[str, str]] = ()
    seen: Sequence[Exemplar] = ()
    asked: list[str] = field(default_factory=list)

    def instant(self, query: str, at: float) -> list[Samples]:
        """The last sample of what is known by heart."""
        return [Samples(one.labels, (at,), one.values[-1:]) for one in self._answer(query)]

    def range(self, query: str, start: float, end: float, step: float) -> list[Samples]:
        """What is known by heart."""
        assert (start % step, end % step) == (0, 0), "a range has to be aligned to its step"
        return self._answer(query)

    def exemplars(self, query: str, start: float, end: float) -> list[Exemplar]:
        """What is known by heart."""
        assert query
        assert start < end
        return list(self.seen)

    def series(self, selectors: Iterable[str], start: float, end: float) -> list[Mapping[str, str]]:
        """All there are."""
        assert start < end
        self.asked += selectors
        return list(self.labels)

    def label_values(self, label: str, start: float, end: float) -> list[str]:
        """Of all there are."""
        assert start < end
        return sorted({one[label] for one in self.labels if label in one})

    def scrape_seconds(self) -> float:
        """As the platform's."""
        return 5.0

    def _answer(self, query: str) -> list[Samples]:
        self.asked.append(query)
        found = self.answers.get(query, ())
        if isinstance(found, PrometheusError):
            raise found
        return list(found)


def samples(*values: float, step: float = 5.0, **labels: str) -> Samples:
    """A series from the period's start on."""
    return Samples(labels, tuple(PERIOD.start + step * number for number in range(len(values))), values)


def board(*panels: Mapping[str, Any], **more: Any) -> Dashboard:
    """A dashboard with these panels."""
    return dashboard("board", {"uid": "board", "title": "A board", "panels": list(panels), **more})


def panel(kind: str, *targets: Mapping[str, Any], **more: Any) -> Panel:
    """A panel of a kind, 12 columns wide and 8 rows high."""
    (only,) = board(raw_panel(kind, *targets, **more)).panels
    return only


def raw_panel(kind: str, *targets: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """The same as JSON."""
    grid = {"x": 0, "y": 0, "w": 12, "h": 8}
    return {"type": kind, "title": kind, "gridPos": grid, "targets": list(targets), **more}


def answered(drawn: Panel, *found: Sequence[Samples], exemplars: Sequence[Exemplar] = ()) -> Answer:
    """The panel's answer when its targets give these series."""
    source = Canned({target.expr: one for target, one in zip(drawn.targets, found, strict=True)}, seen=exemplars)
    return ask(drawn, Scope(), source, PERIOD)


def only(answer: Answer) -> Series:
    """The one series of an answer."""
    (series,) = answer.series
    return series
