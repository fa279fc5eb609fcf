"""SLO overview: how every objective stands, and what fires."""

from dashboards.classic import models
from dashboards.frame import Board, Row
from dashboards.objectives import (
    ALERTS,
    EVENTS_STEPS,
    GONE_STATES,
    GONE_STEPS,
    SHOWN_BURNS,
    VERDICTS,
    Objectives,
)
from dashboards.palette import BROKEN, HEALTHY, UNKNOWN, State, Step, plain
from dashboards.panels import SYMLOG, Axis, Builder, Query, Text, bar_panel, chart_panel, stat_panel, timeline_panel
from dashboards.promql import of
from dashboards.tables import Column, table_panel

UP = (State(0, "down", BROKEN), State(1, "up", HEALTHY))
DETAIL = "/d/puerta-slo-detail?var-slo=${__value.text}&${datasource:queryparam}&${__url_time_range}"


def board(objectives: Objectives) -> Board:
    """Every objective, a line each."""
    return Board(
        name="slo-overview",
        title="Puerta: SLO overview",
        description="How every objective stands: what is left of its error budget, how fast it burns, what fires.",
        rows=(
            Row("Verdict", _verdict(objectives)),
            Row("Over time", _over_time(objectives)),
        ),
        since="now-6h",
    )


def _verdict(objectives: Objectives) -> list[Builder]:
    counted = [
        Query(f"count(({objectives.verdict}) == {state.value}) or count(slo:info) * 0", state.text)
        for state in VERDICTS
    ]
    colours = {"healthy": HEALTHY, "no data": UNKNOWN}
    tiles = [
        stat_panel(
            Text(state.text.capitalize(), _MEANING[state.text], width=3, height=4),
            [Query(query.expr)],
            "short",
            (Step(0, UNKNOWN), Step(1, colours.get(state.text, state.colour))),
        )
        for state, query in zip(VERDICTS, counted, strict=True)
    ]
    firing = 'count(ALERTS{{alertstate="firing",severity="{severity}"}}) or count(slo:info) * 0'
    for severity, colour in (("page", BROKEN), ("ticket", "orange")):
        tiles.append(
            stat_panel(
                Text(f"{severity.title()}s firing", f"Alerts of severity {severity} that fire now.", width=3, height=4),
                [Query(firing.format(severity=severity))],
                "short",
                (Step(0, UNKNOWN), Step(1, colour)),
            )
        )
    tiles.append(
        stat_panel(
            Text("Parts down", "Scraped instances that don't answer.", width=3, height=4),
            [Query(f"count({of('up')} == 0) or count({of('up')}) * 0")],
            "short",
            (Step(0, UNKNOWN), Step(1, BROKEN)),
        )
    )
    tiles.append(
        stat_panel(
            Text("Parts", "Scraped instances that answer.", width=3, height=4),
            [Query(f"count({of('up')} == 1)")],
            "short",
            plain(),
        )
    )
    return [*tiles, _table(objectives)]


_MEANING = {
    "no data": "Objectives that are not measured now, or never were: nobody knows whether they hold.",
    "healthy": "Objectives that are measured, have budget left, and burn it slowly enough.",
    "burning": "Objectives whose budget burns too fast: a burn alert fires.",
    "exhausted": "Objectives that have no budget left: they are missed in this period.",
}


def _table(objectives: Objectives) -> Builder:
    columns = [
        Column("Verdict", objectives.verdict, states=VERDICTS, width=100),
        Column("Policy", objectives.level, states=objectives.levels, width=110),
        Column("Target", objectives.objective, "percentunit", plain(), decimals=2, width=90),
        Column("SLI", objectives.sli, "percentunit", plain(), decimals=3, width=90),
        Column(
            "Budget left",
            objectives.known(objectives.left),
            "percentunit",
            objectives.left_steps,
            decimals=1,
            width=110,
        ),
        Column("In events", objectives.known(objectives.left_events), "locale", EVENTS_STEPS, decimals=0, width=100),
        *(
            Column(
                f"Burn {window}",
                objectives.known(objectives.burn(window)),
                "short",
                objectives.burn_steps,
                decimals=2,
                width=90,
            )
            for window in SHOWN_BURNS
        ),
        Column(
            "Gone in",
            objectives.known(objectives.gone_in),
            "dtdurations",
            GONE_STEPS,
            GONE_STATES,
            decimals=1,
        ),
        Column("Alerts firing", objectives.firing, "short", (Step(0, UNKNOWN), Step(1, BROKEN)), decimals=0, width=110),
    ]
    link = models.DashboardLink(title="How this objective stands, in detail", url=DETAIL)
    return table_panel(
        Text(
            "Objectives",
            "Verdict, SLI and error budget of the period (30 days, or what the objective says). Burn 1 uses the budget up "
            "exactly at the period's end; Gone in: at the last hour's pace. A grey cell is what nobody knows.",
            width=24,
            height=13,
        ),
        "slo",
        "Objective",
        columns,
        link,
    )


def _over_time(objectives: Objectives) -> list[Builder]:
    return [
        timeline_panel(
            Text("Verdicts", "What each objective was, from when to when.", width=12, height=11),
            [Query(objectives.verdict, "{{slo}}")],
            VERDICTS,
        ),
        timeline_panel(
            Text("Alerts", "The loudest alert that fired for each objective.", width=12, height=11),
            [Query(objectives.loudest, "{{slo}}")],
            ALERTS,
        ),
        chart_panel(
            Text(
                "Budget left",
                "What is left of each error budget; below 0 the objective is missed, below -100 % it is off the chart.",
                width=12,
                height=9,
            ),
            [Query(objectives.left, "{{slo}}")],
            "percentunit",
            (Step(0, BROKEN),),
            axis=Axis(least=None, most=1, bottom=-1),
        ),
        chart_panel(
            Text(
                "Burn rate, 1 h",
                "Error ratio of an hour / budget: above 1 the budget will not last.",
                width=12,
                height=9,
            ),
            [Query(objectives.burn("1h"), "{{slo}}")],
            "short",
            (Step(1, BROKEN),),
            axis=SYMLOG,
        ),
        bar_panel(
            Text("Budget left now", "The same as now, side by side.", width=12, height=9),
            [Query(objectives.known(objectives.left), "{{slo}}")],
            "percentunit",
            objectives.left_steps,
            most=1,
        ),
        timeline_panel(
            Text("Parts", "Which scraped instances answered, from when to when.", width=12, height=9),
            [Query(of("up"), "{{job}} {{instance}}")],
            UP,
        ),
    ]
