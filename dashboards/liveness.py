"""Every query of a dashboard asked of a Prometheus: is data there, and is nothing shown as well that nobody knows is?"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dashboards.palette import HEALTHY
from dashboards.preview.colours import hexadecimal
from dashboards.preview.fields import Field
from dashboards.preview.model import Annotation, Dashboard, Panel, Target
from dashboards.preview.period import Period
from dashboards.preview.prometheus import PrometheusError, Samples, Source, duration
from dashboards.preview.variables import Scope, resolve

COLOURED = frozenset({"stat", "gauge", "bargauge", "table", "state-timeline"})  # panels whose colour says well or not
_PLACE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_POINTS = 120  # samples of a chart

QUIET = {
    "annotation Alerts": "nothing fires",
    "annotation Model changes": "no model was changed",
    "annotation Heavy traffic": "there were fewer requests a second than variable heavy says",
    "Labels and traces (C)": "no receiver of traces is set up (PUERTA_OTLP_ENDPOINT)",
    **dict.fromkeys(
        (
            "Drift by feature, now (A)",
            "Drift by feature (A)",
            "Drift alerts (A)",
            "Unseen in the window (A)",
            "Labelled (A)",
        ),
        "the newest report had too few predictions (PUERTA_DRIFT_MIN_ROWS)",
    ),
    **dict.fromkeys(
        ("Quality by measure (A)", "Quality less its baseline (A)", "Label lag (A)"),
        "the newest report had too few labels (PUERTA_LABEL_MIN_COUNT)",
    ),
    "Labels late (A)": "no label was due in the day before (PUERTA_LABEL_DUE_DAYS)",
}
"""What is rightly empty on a platform that runs well, and why."""


@dataclass(frozen=True)
class Seen:
    """What came of one query: ``place`` is the panel, variable or annotation that it stands in."""

    dashboard: str
    place: str
    query: str
    answer: tuple[Samples, ...] = ()
    error: str = ""
    panel: Panel | None = None
    target: Target | None = None
    now: float = 0.0  # from when on a sample is of now

    @property
    def where(self) -> str:
        """Dashboard and place, for people."""
        return f"{self.dashboard}: {self.place}"

    @property
    def empty(self) -> bool:
        """Whether there was no sample at all."""
        return not any(one.values for one in self.answer)

    @property
    def unnamed(self) -> list[str]:
        """Labels that the series are called by and that one of them lacks."""
        wanted = _PLACE.findall(self.target.legend) if self.target is not None else []
        return sorted({label for label in wanted for one in self.answer if label not in one.labels})

    @property
    def complaint(self) -> str:
        """What is wrong with it on a platform that runs and has traffic; empty if nothing is."""
        if self.error:
            return self.error
        if self.empty:
            return "no data"
        if not self.finite:
            return "NaN or infinite"
        return f"its series have no label {', '.join(self.unnamed)}" if self.unnamed else ""

    @property
    def finite(self) -> bool:
        """Whether every sample is a number: neither NaN nor infinite."""
        return all(math.isfinite(value) for one in self.answer for value in one.values)

    def healthy(self) -> list[Samples]:
        """The series whose value of now the panel shows in the colour of what is well."""
        if self.panel is None or self.target is None or self.panel.kind not in COLOURED:
            return []
        field = _field(self.panel, self.target)
        return [
            one
            for one in self.answer
            if one.values and one.times[-1] >= self.now and _is_green(field.show(one.values[-1]).colour)
        ]

    def healthy_without_data(self) -> bool:
        """Whether the panel shows no value at all in that colour: Grafana takes the first step's, or a mapping's."""
        if self.panel is None or self.target is None or self.panel.kind not in COLOURED:
            return False
        field = _field(self.panel, self.target)
        mapped = [result.colour for mapping in field.mappings if (result := mapping.result(None)) is not None]
        base = [step.colour for step in field.thresholds.steps[:1]]
        return any(_is_green(colour) for colour in [*mapped, *(() if mapped and mapped[0] else base)] if colour)


def look(dashboard: Dashboard, source: Source, period: Period, asked: Mapping[str, str]) -> Iterator[Seen]:
    """Ask everything that a dashboard asks, with its variables as they are by default, or as ``asked``.

    Raises:
        Unreachable: if there is no Prometheus.
    """
    scope = resolve(dashboard, source, period, asked)
    for name, choice in scope.choices.items():
        if choice.variable.kind == "query":
            found = tuple(Samples({name: value}, (period.end,), (1.0,)) for value in choice.options)
            yield Seen(dashboard.name, f"variable {name}", choice.variable.query, found)
    for annotation in dashboard.annotations:
        yield _marked(dashboard, annotation, scope, source, period)
    for panel in dashboard.panels:
        for target in panel.targets:
            yield _shown(dashboard, panel, target, scope, source, period)


def _shown(dashboard: Dashboard, panel: Panel, target: Target, scope: Scope, source: Source, period: Period) -> Seen:
    scrape = source.scrape_seconds()
    step = period.step(_POINTS, scrape)
    query = scope.within(period, step, scrape).fill(target.expr)
    place = f"{panel.title} ({target.ref})"
    try:
        found = (
            source.instant(query, period.end) if target.instant else source.range(query, period.start, period.end, step)
        )
    except PrometheusError as error:
        return Seen(dashboard.name, place, query, error=str(error), panel=panel, target=target)
    return Seen(dashboard.name, place, query, tuple(found), panel=panel, target=target, now=period.end - 2 * step)


def _marked(dashboard: Dashboard, annotation: Annotation, scope: Scope, source: Source, period: Period) -> Seen:
    scrape = source.scrape_seconds()
    step = min(duration(annotation.step or "60s"), period.step(_POINTS, scrape))
    query, place = scope.within(period, step, scrape).fill(annotation.expr), f"annotation {annotation.name}"
    try:
        return Seen(dashboard.name, place, query, tuple(source.range(query, period.start, period.end, step)))
    except PrometheusError as error:
        return Seen(dashboard.name, place, query, error=str(error))


def _field(panel: Panel, target: Target) -> Field:
    """The configuration of the field that a query's values become; of a table, of the column that it is renamed to."""
    names = [one["options"].get("renameByName", {}) for one in panel.transformations if one["id"] == "organize"]
    column = next((found[f"Value #{target.ref}"] for found in names if f"Value #{target.ref}" in found), "")
    return panel.fields.of(column or target.legend, target.ref)


def _is_green(colour: str) -> bool:
    return hexadecimal(colour) == hexadecimal(HEALTHY)
