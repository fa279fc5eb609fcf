"""What the queries of a panel are answered."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import pstdev

from dashboards.preview.fields import Field, FieldRules
from dashboards.preview.model import Annotation, Dashboard, Panel, Target
from dashboards.preview.period import Period
from dashboards.preview.prometheus import Exemplar, Samples, Source, duration
from dashboards.preview.variables import Scope

WIDTH = 1400  # pixels; Grafana asks for a sample a pixel
_MARK_POINTS = 600

_PLACE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True)
class Series:
    """One series of a panel, named and configured; ``step`` is 0 for an instant query."""

    name: str
    ref: str
    labels: Mapping[str, str]
    times: tuple[float, ...]
    values: tuple[float, ...]
    step: float
    field: Field = field(default_factory=Field)

    def known(self) -> list[float]:
        """Its values without NaN."""
        return [value for value in self.values if not math.isnan(value)]


@dataclass(frozen=True)
class Mark:
    """A time, or one and its end, that an annotation marks; ``source`` is the annotation's name."""

    source: str
    start: float
    end: float
    title: str
    colour: str


@dataclass(frozen=True)
class Answer:
    """All of it: series in the order of the queries, exemplars, and what annotations mark in the same period."""

    period: Period
    series: tuple[Series, ...] = ()
    exemplars: tuple[Exemplar, ...] = ()
    marks: tuple[Mark, ...] = ()

    def empty(self) -> bool:
        """Whether nobody knows anything: no series, or nothing but NaN."""
        return not any(series.known() for series in self.series)


def ask(panel: Panel, scope: Scope, source: Source, period: Period, marks: tuple[Mark, ...] = ()) -> Answer:
    """Ask every query of a panel.

    Raises:
        PrometheusError: if one is not answered.
        ValueError: if its configuration holds what the preview does not know.
    """
    series: list[Series] = []
    exemplars: list[Exemplar] = []
    for target in panel.targets:
        scrape = source.scrape_seconds()
        least = max(scrape, *(duration(scope.fill(text)) for text in (panel.interval, target.interval, "0s") if text))
        step = period.step(panel.points or WIDTH * panel.grid.width // 24, least)
        here, aligned = scope.within(period, step, scrape), period.aligned(step)
        expr = here.fill(target.expr)
        if target.instant:
            found = source.instant(expr, period.end)
        else:
            found = source.range(expr, aligned.start, aligned.end, step)
            if target.exemplar:
                exemplars += outstanding(source.exemplars(expr, period.start, period.end), step)
        named = _named(found, target, here)
        series += [_series(one, name, target, 0.0 if target.instant else step, panel.fields) for one, name in named]
    return Answer(period, tuple(series), tuple(exemplars), marks)


def outstanding(exemplars: Iterable[Exemplar], step: float) -> Iterator[Exemplar]:
    """Of every step the highest exemplar, and those that are two standard deviations apart, as Grafana thins them out."""
    found = sorted(exemplars, key=lambda one: (one.time // step, -one.value))
    apart = 2 * pstdev(one.value for one in found) if found else 0.0
    last: Exemplar | None = None
    for one in found:
        if last is None or one.time // step != last.time // step or last.value - one.value > apart:
            yield one
            last = one


def marks(dashboard: Dashboard, scope: Scope, source: Source, period: Period) -> Iterator[Mark]:
    """What the dashboard's annotations mark.

    Raises:
        PrometheusError: if one is not answered.
    """
    scrape = source.scrape_seconds()
    for annotation in dashboard.annotations:
        step = duration(annotation.step) if annotation.step else period.step(_MARK_POINTS, scrape)
        aligned = period.aligned(step)
        found = source.range(scope.within(period, step, scrape).fill(annotation.expr), aligned.start, aligned.end, step)
        for one in found:
            yield from _marks(annotation, one, step, period)


def _marks(annotation: Annotation, samples: Samples, step: float, period: Period) -> Iterator[Mark]:
    title = legend(annotation.title, samples.labels)
    if annotation.value_is_time:
        for time in sorted({value / 1000 for value in samples.values if not math.isnan(value)}):
            if period.start <= time <= period.end:
                yield Mark(annotation.name, time, time, title, annotation.colour)
        return
    begun = last = None
    for time, value in zip(samples.times, samples.values, strict=True):
        if not value or math.isnan(value):
            continue
        if last is not None and begun is not None and time - last > 1.5 * step:
            yield Mark(annotation.name, begun, last, title, annotation.colour)
            begun = None
        begun, last = time if begun is None else begun, time
    if begun is not None and last is not None:
        yield Mark(annotation.name, begun, last, title, annotation.colour)


def legend(template: str, labels: Mapping[str, str]) -> str:
    """A series' name by its template, such as ``{{code}}``."""
    return _PLACE.sub(lambda match: labels.get(match[1], ""), template)


def _named(found: Iterable[Samples], target: Target, scope: Scope) -> Iterator[tuple[Samples, str]]:
    """Each with its name; without a template it is its labels, or the value of its only one."""
    for one in found:
        if target.legend and target.legend != "__auto":
            yield one, legend(scope.fill(target.legend), one.labels)
        else:
            labels = {name: value for name, value in one.labels.items() if name != "__name__"}
            own = one.labels.get("__name__", "")
            pairs = ", ".join(f'{name}="{value}"' for name, value in labels.items())
            only = next(iter(labels.values())) if len(labels) == 1 and not own else ""
            yield one, only or (f"{own}{{{pairs}}}" if pairs else own or target.expr)


def _series(samples: Samples, name: str, target: Target, step: float, rules: FieldRules) -> Series:
    configured = rules.of(name, target.ref)
    shown = name
    if configured.name:
        labels = {f"__field.labels.{label}": value for label, value in samples.labels.items()}
        shown = Scope(plain={**labels, "__field.name": name, "__series.name": name}).fill(configured.name)
    return Series(shown, target.ref, samples.labels, samples.times, samples.values, step, configured)
