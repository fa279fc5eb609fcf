"""The kinds of panels that the dashboards are made of, each with what every panel of its kind needs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from string import ascii_uppercase
from typing import Any

from dashboards.classic import (
    bargauge,
    common,
    common_models,
    dashboard,
    heatmap,
    heatmap_models,
    models,
    prometheus,
    prometheus_models,
    stat,
    statetimeline,
    timeseries,
)
from dashboards.palette import NO_DATA, UNKNOWN, Line, State, Step

DATA_SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")

Builder = Any  # the SDK's builders share their methods and no type


@dataclass(frozen=True)
class Query:
    """PromQL, and how the series of its answer are called: ``{{label}}`` is a label's value.

    ``instant`` asks for now alone: what has stopped being known is then not shown as if it still were.
    """

    expr: str
    legend: str = ""
    instant: bool = False
    exemplar: bool = False
    form: str = "time_series"


@dataclass(frozen=True)
class Axis:
    """A chart's values: from ``least`` to ``most`` always, as far as ``bottom`` at most."""

    least: float | None = 0
    most: float | None = None
    bottom: float | None = None
    log: bool = False
    symlog: bool = False  # logarithmic from 1 on, and 0 has its place

    def up_to(self, limit: float) -> "Axis":
        """The same, as far up as a limit, so that one sees how far it is."""
        return replace(self, most=float(f"{1.1 * limit:.6g}"))


UPWARD = Axis()
LOG = Axis(least=None, log=True)
SYMLOG = Axis(symlog=True)
PART = Axis(most=1)
FREE = Axis(least=None)


@dataclass(frozen=True)
class Text:
    """A panel's title, its description, and its size on a grid of 24 columns."""

    title: str
    description: str
    width: int = 8
    height: int = 8


def stat_panel(
    text: Text,
    queries: Sequence[Query],
    unit: str,
    steps: Sequence[Step],
    states: Sequence[State] = (),
    *,
    decimals: int | None = None,
) -> Builder:
    """Single values, coloured by what they mean."""
    panel = (
        stat.Panel()
        .color_mode(
            common_models.BigValueColorMode.BACKGROUND_SOLID if states else common_models.BigValueColorMode.VALUE
        )
        .graph_mode(common_models.BigValueGraphMode.NONE)
        .text_mode(
            common_models.BigValueTextMode.VALUE_AND_NAME if _named(queries) else common_models.BigValueTextMode.VALUE
        )
        .reduce_options(_last())
        .orientation(common_models.VizOrientation.AUTO)
    )
    now = [Query(query.expr, query.legend, instant=True) for query in queries]
    panel = _finished(panel, text, now, unit, steps, states)
    return panel if decimals is None else panel.decimals(decimals)


def bar_panel(
    text: Text,
    queries: Sequence[Query],
    unit: str,
    steps: Sequence[Step],
    *,
    least: float = 0,
    most: float | None = None,
) -> Builder:
    """One bar a series, as long as its value."""
    panel = (
        bargauge.Panel()
        .display_mode(common_models.BarGaugeDisplayMode.BASIC)
        .value_mode(common_models.BarGaugeValueMode.COLOR)
        .orientation(common_models.VizOrientation.HORIZONTAL)
        .reduce_options(_last())
        .min(least)
    )
    now = [Query(query.expr, query.legend, instant=True) for query in queries]
    panel = _finished(panel, text, now, unit, steps, ())
    return panel if most is None else panel.max(most)


def chart_panel(
    text: Text,
    queries: Sequence[Query],
    unit: str,
    steps: Sequence[Step] = (),
    *,
    axis: Axis = UPWARD,
    stacked: bool = False,
    lines: Sequence[Line] = (),
) -> Builder:
    """Lines over time; steps are drawn as dashed lines."""
    panel = (
        timeseries.Panel()
        .line_width(1)
        .fill_opacity(25 if stacked else 5)
        .show_points(common_models.VisibilityMode.NEVER)
        .legend(_legend())
        .tooltip(
            common.VizTooltipOptions()
            .mode(common_models.TooltipDisplayMode.MULTI)
            .sort(common_models.SortOrder.DESCENDING)
        )
        .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC))
        .thresholds_style(
            common.GraphThresholdsStyleConfig().mode(
                common_models.GraphThresholdsStyleMode.DASHED if steps else common_models.GraphThresholdsStyleMode.OFF
            )
        )
    )
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL))
    if axis.log:
        panel = panel.scale_distribution(
            common.ScaleDistributionConfig().type(common_models.ScaleDistribution.LOG).log(10)
        )
    if axis.symlog:
        scale = (
            common.ScaleDistributionConfig().type(common_models.ScaleDistribution.SYMLOG).log(10).linear_threshold(1)
        )
        panel = panel.scale_distribution(scale)
    if axis.least is not None:
        panel = panel.axis_soft_min(axis.least)
    if axis.most is not None:
        panel = panel.axis_soft_max(axis.most)
    if axis.bottom is not None:
        panel = panel.min(axis.bottom)
    for line in lines:
        panel = panel.override_by_regexp(f"/{line.pattern}/", _drawn(line))
    return _finished(panel, text, queries, unit, steps, ())


def _drawn(line: Line) -> list[models.DynamicConfigValue]:
    colour = models.FieldColor(mode=models.FieldColorModeId.FIXED, fixed_color=line.colour)
    style = common_models.LineStyle(fill="dash", dash=[8, 8])
    drawn = [models.DynamicConfigValue("color", colour)]
    return [*drawn, models.DynamicConfigValue("custom.lineStyle", style)] if line.dashed else drawn


def heatmap_panel(text: Text, query: Query, unit: str, scheme: str, fill: str) -> Builder:
    """Buckets of a histogram over time, the darker the more observations."""
    panel = (
        heatmap.Panel()
        .calculate(False)
        .cell_gap(1)
        .max_data_points(90)  # cells that one can see
        .color(
            heatmap.HeatmapColorOptions()
            .mode(heatmap_models.HeatmapColorMode.SCHEME)
            .scheme(scheme)
            .fill(fill)
            .scale(heatmap_models.HeatmapColorScale.EXPONENTIAL)
            .exponent(0.5)
            .steps(64)
        )
        .y_axis(heatmap.YAxisConfig().unit(unit).axis_placement(common_models.AxisPlacement.LEFT))
        .cell_values(heatmap.CellValues().unit("short"))
        .filter_values(heatmap.FilterValueRange().le(1e-9))
        .exemplars_color("rgba(255,0,255,0.7)")
        .show_legend()
    )
    return _finished(panel, text, [Query(query.expr, "{{le}}", exemplar=True, form="heatmap")], unit, (), ())


def timeline_panel(text: Text, queries: Sequence[Query], states: Sequence[State]) -> Builder:
    """What something was, from when to when."""
    panel = (
        statetimeline.Panel()
        .show_value(common_models.VisibilityMode.AUTO)
        .merge_values(True)
        .row_height(0.85)
        .fill_opacity(80)
        .line_width(0)
        .legend(_legend(shown=False))
    )
    return _finished(panel, text, queries, "none", (), states)


def thresholds(steps: Sequence[Step]) -> Builder:
    """Steps on grey: Grafana gives what has no value the first step's colour."""
    return (
        dashboard.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps([models.Threshold(None, UNKNOWN), *(models.Threshold(step.value, step.colour) for step in steps)])
    )


def mappings(states: Sequence[State]) -> list[Any]:
    """Names and colours of values, and of no value."""
    unknown = models.ValueMappingResult(text=NO_DATA, color=UNKNOWN, index=len(states))
    found: list[Any] = []
    if states:
        named = {
            str(state.value): models.ValueMappingResult(text=state.text, color=state.colour, index=index)
            for index, state in enumerate(states)
        }
        found.append(models.ValueMap(options=named))
    match = models.SpecialValueMatch.NULL_AND_NAN
    found.append(models.SpecialValueMap(options=models.DashboardSpecialValueMapOptions(match=match, result=unknown)))
    return found


def target(query: Query, ref: str) -> Builder:
    """A query as a panel's target."""
    made = (
        prometheus.Dataquery()
        .datasource(DATA_SOURCE)
        .ref_id(ref)
        .expr(query.expr)
        .format(prometheus_models.PromQueryFormat(query.form))
        .editor_mode(prometheus_models.QueryEditorMode.CODE)
        .legend_format(query.legend or "__auto")
        .exemplar(query.exemplar)
    )
    return made.instant() if query.instant else made.range()


def _finished(
    panel: Builder, text: Text, queries: Sequence[Query], unit: str, steps: Sequence[Step], states: Sequence[State]
) -> Builder:
    panel = (
        panel.title(text.title)
        .description(text.description)
        .datasource(DATA_SOURCE)
        .span(text.width)
        .height(text.height)
        .targets([target(query, ref) for query, ref in zip(queries, ascii_uppercase, strict=False)])
        .unit(unit)
        .no_value(NO_DATA)
    )
    if not isinstance(panel, heatmap.Panel):
        panel = panel.mappings(mappings(states))
    return panel.thresholds(thresholds(steps))


def _named(queries: Sequence[Query]) -> bool:
    return any(query.legend for query in queries)


def _last() -> Builder:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(False).fields("")


def _legend(*, shown: bool = True) -> Builder:
    return (
        common.VizLegendOptions()
        .show_legend(shown)
        .display_mode(common_models.LegendDisplayMode.LIST)
        .placement(common_models.LegendPlacement.BOTTOM)
        .calcs([])
    )
