"""What every dashboard has: variables, annotations, links to the others, and how it is refreshed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.classic import dashboard, models, prometheus
from dashboards.panels import DATA_SOURCE, Builder
from dashboards.promql import of

TAG = "puerta"
ALL = models.VariableOption(selected=True, text="All", value="$__all")


@dataclass(frozen=True)
class Row:
    """Panels under a heading."""

    title: str
    panels: Sequence[Builder]


@dataclass(frozen=True)
class Board:
    """A dashboard: its address ``puerta-NAME``, what it is for, and what is on it."""

    name: str
    title: str
    description: str
    rows: Sequence[Row]
    variables: Sequence[Builder] = ()
    annotations: Sequence[Builder] = ()
    links: Sequence[Builder] = ()
    parts: str = "up"  # the metric whose jobs and instances can be chosen
    since: str = "now-1h"


def build(board: Board) -> models.Dashboard:
    """The dashboard as Grafana's classic model."""
    made = (
        dashboard.Dashboard(board.title)
        .uid(f"puerta-{board.name}")
        .description(board.description)
        .tags([TAG])
        .readonly()
        .timezone("browser")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .time(board.since, "now")
        .refresh("30s")
        .timepicker(dashboard.TimePicker().refresh_intervals(["5s", "10s", "30s", "1m", "5m"]))
        .variables([_data_source(), *_parts(board.parts), *board.variables])
        .annotations([*_annotations(), *board.annotations])
        .links([_others(), *board.links])
    )
    for row in board.rows:
        made = made.with_row(dashboard.Row(row.title))
        for panel in row.panels:
            made = made.with_panel(panel)
    found: models.Dashboard = made.build()
    marks: Sequence[Any] = found.annotations.list_val or ()
    for one in (*(found.links or ()), *marks):
        one.placement = None  # the SDK's is a menu, where Grafana draws no links to dashboards (grafana/grafana#115084)
    for number, panel in enumerate(found.panels or (), start=1):
        panel.id_val = number
    return found


def choice(name: str, label: str, query: str, *, several: bool = True, current: str = "") -> Builder:
    """A variable whose values a query finds, anew whenever the shown time changes."""
    made = (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(DATA_SOURCE)
        .query({"query": query, "refId": f"Prometheus-{name}"})
        .definition(query)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
    )
    if several:
        return made.multi(True).include_all(True).all_value(".+").current(ALL)
    return made.current(models.VariableOption(selected=True, text=current, value=current))


def annotation(name: str, expr: str, colour: str, *, title: str, text: str) -> Builder:
    """Marks on every chart where a query has a value."""
    return (
        dashboard.AnnotationQuery()
        .name(name)
        .datasource(DATA_SOURCE)
        .enable(True)
        .icon_color(colour)
        .expr(expr)
        .step("60s")
        .title_format(title)
        .text_format(text)
        .target(prometheus.Dataquery().ref_id("Anno").expr(expr).datasource(DATA_SOURCE))
    )


def link(title: str, name: str, *, icon: str = "dashboard") -> Builder:
    """A link to another dashboard, which keeps time and variables."""
    return (
        dashboard.DashboardLink(title)
        .type(models.DashboardLinkType.LINK)
        .url(f"/d/puerta-{name}")
        .icon(icon)
        .include_vars(True)
        .keep_time(True)
    )


def _others() -> Builder:
    return (
        dashboard.DashboardLink("Puerta")
        .type(models.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(True)
        .keep_time(True)
    )


def _data_source() -> Builder:
    return (
        dashboard.DatasourceVariable("datasource")
        .label("Data source")
        .type("prometheus")
        .current(models.VariableOption(selected=True, text="Puerta", value="puerta-prometheus"))
    )


def _parts(metric: str) -> list[Builder]:
    return [
        choice("job", "Job", f"label_values({metric}, job)"),
        choice("instance", "Instance", f'label_values({metric}{{job=~"$job"}}, instance)'),
    ]


def _annotations() -> list[Builder]:
    models_changed = (
        f"count by (model, version) ({of('model_info')}) unless "
        f"count by (model, version) ({of('model_info')} offset 1m) and on () (count({of('model_info')} offset 1m) > 0)"
    )
    return [
        annotation(
            "Alerts",
            'ALERTS{alertstate="firing"}',
            "red",
            title="{{alertname}}",
            text="{{severity}}: objective {{slo}}",
        ),
        annotation(
            "Model changes",
            models_changed,
            "purple",
            title="{{model}} {{version}}",
            text="a version that was not served before",
        ),
        annotation(
            "Restarts",
            f"{of('process_start_time_seconds')} * 1000",
            "blue",
            title="{{job}} started",
            text="{{instance}}",
        ).use_value_for_time(True),  # the value is when it was
    ]
