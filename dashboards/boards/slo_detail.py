"""SLO detail: one objective, its budget, its alerts' thresholds, and what it counts."""

from dashboards.classic import dashboard, models
from dashboards.frame import Board, Row, choice, link
from dashboards.objectives import (
    ALERTS,
    EVENTS_STEPS,
    GONE_STATES,
    GONE_STEPS,
    SHOWN_BURNS,
    VERDICTS,
    Objectives,
)
from dashboards.palette import BROKEN, CODES, HEALTHY, NEUTRAL, UNKNOWN, WARNING, Line, Step, plain
from dashboards.panels import SYMLOG, Axis, Builder, Query, Text, chart_panel, stat_panel, timeline_panel
from dashboards.promql import rate
from slo.rules import BAD, RATIO_WINDOWS, TOTAL

FIRST = "gateway-availability"


def board(objectives: Objectives, runbooks: str) -> Board:
    """The objective that variable slo names; ``runbooks`` is where its runbook is, without the last slash."""
    return Board(
        name="slo-detail",
        title="Puerta: SLO detail",
        description="One objective: its error budget over time, its burn rates beside what alerts, and what it counts.",
        rows=(
            Row("Verdict of $slo", _verdict(objectives)),
            Row("Budget", _budget(objectives)),
            Row("What is counted", _counted(objectives)),
        ),
        variables=(
            choice("slo", "Objective", "label_values(slo:info, slo)", several=False, current=FIRST),
            dashboard.TextBoxVariable("runbooks")
            .label("Runbooks")
            .description("Where the runbooks are, as a URL without the last slash.")
            .default_value(runbooks)
            .current(models.VariableOption(selected=True, text=runbooks, value=runbooks)),
        ),
        links=(
            link("SLO overview", "slo-overview"),
            dashboard.DashboardLink("Runbook of $slo")
            .type(models.DashboardLinkType.LINK)
            .url("${runbooks}/${slo}.md")
            .tooltip("What it means, what to look at, what to do")
            .icon("doc")
            .target_blank(True),
        ),
        since="now-6h",
    )


def _verdict(objectives: Objectives) -> list[Builder]:
    def tile(title: str, description: str, expr: str, unit: str, steps: tuple[Step, ...], decimals: int = 2) -> Builder:
        text = Text(title, description, width=3, height=4)
        return stat_panel(text, [Query(expr)], unit, steps, decimals=decimals)

    burns = [
        tile(
            f"Burn {window}",
            f"Error ratio of {window} / budget.",
            objectives.known(objectives.burn(window)),
            "short",
            objectives.burn_steps,
        )
        for window in SHOWN_BURNS
    ]
    return [
        stat_panel(
            Text("Verdict", "No data: not measured now, or never.", width=3, height=4),
            [Query(objectives.verdict)],
            "none",
            (),
            VERDICTS,
        ),
        tile(
            "Budget left",
            "Of the period; below 0 the objective is missed.",
            objectives.known(objectives.left),
            "percentunit",
            objectives.left_steps,
        ),
        tile(
            "Events left",
            "How many more may be bad: budget x total - bad. An objective that is made of others has no events.",
            objectives.known(objectives.left_events),
            "locale",
            EVENTS_STEPS,
            0,
        ),
        *burns,
        stat_panel(
            Text("Gone in", "When the budget is gone, at the last hour's pace.", width=3, height=4),
            [Query(objectives.known(objectives.gone_in))],
            "dtdurations",
            GONE_STEPS,
            GONE_STATES,
            decimals=1,
        ),
        stat_panel(
            Text("Alerts firing", "Alerts of this objective that fire now.", width=3, height=4),
            [Query(objectives.firing)],
            "short",
            (Step(0, UNKNOWN), Step(1, BROKEN)),
        ),
        tile("Target", "The objective.", objectives.objective, "percentunit", plain()),
        tile("SLI", "The good part of the period's events.", objectives.sli, "percentunit", plain(), 3),
        stat_panel(
            Text(
                "Policy",
                "The level of the error-budget policy: what may be released, or what follows.",
                width=3,
                height=4,
            ),
            [Query(objectives.level)],
            "none",
            (),
            objectives.levels,
        ),
        timeline_panel(
            Text("Verdict over time", "What the objective was, from when to when.", width=8, height=4),
            [Query(objectives.verdict, "{{slo}}")],
            VERDICTS,
        ),
        timeline_panel(
            Text("Alerts over time", "The loudest alert that fired.", width=7, height=4),
            [Query(objectives.loudest, "{{slo}}")],
            ALERTS,
        ),
    ]


def _budget(objectives: Objectives) -> list[Builder]:
    month = "(day_of_month() - 1 + (hour() + minute() / 60) / 24) / days_in_month()"
    even = f"{objectives.objective} * 0 + 1 - scalar({month})"
    return [
        chart_panel(
            Text(
                "Burn-down",
                "What is left of the budget, and the ideal line: what would be left if a calendar month's budget was used "
                "up evenly. Below 0 the objective is missed, below -100 % it is off the chart.",
                width=12,
                height=9,
            ),
            [Query(objectives.left, "budget left"), Query(even, "ideal")],
            "percentunit",
            (Step(0, BROKEN),),
            axis=Axis(least=None, most=1, bottom=-1),
            lines=(Line("^ideal$", NEUTRAL, dashed=True), Line("^budget left$", HEALTHY)),
        ),
        chart_panel(
            Text(
                "Burn rates and what alerts",
                "Error ratio / budget by window; an alert fires where both of its windows are above its threshold. "
                "Thresholds that this objective can't reach are left out, as in its rules.",
                width=12,
                height=9,
            ),
            [
                *(Query(objectives.burn(window), window) for window in RATIO_WINDOWS),
                *(Query(expr, name) for name, expr in objectives.thresholds()),
            ],
            "short",
            axis=SYMLOG,
            lines=(Line("^page", BROKEN, dashed=True), Line("^ticket", WARNING, dashed=True)),
        ),
    ]


def _counted(objectives: Objectives) -> list[Builder]:
    return [
        chart_panel(
            Text("SLI and objective", "The good part of the events, by window, and the objective.", width=12, height=9),
            [
                Query(objectives.good("5m"), "5m"),
                Query(objectives.good("1h"), "1h"),
                Query(objectives.sli, "period"),
                Query(objectives.objective, "objective"),
            ],
            "percentunit",
            axis=Axis(least=None, most=1),
            lines=(Line("^objective$", BROKEN, dashed=True),),
        ),
        chart_panel(
            Text(
                "All and bad events",
                "Events a second, or instances and other slices at each look. An objective made of others has none.",
                width=12,
                height=9,
            ),
            [
                Query(objectives.by_slo(objectives.of(TOTAL)), "all"),
                Query(objectives.by_slo(objectives.of(BAD)), "bad"),
            ],
            "short",
            lines=(Line("^bad$", BROKEN),),
        ),
        chart_panel(
            Text(
                "Requests by code, at the gateway",
                "Every request, by what came of it; 5xx are ours, 4xx the caller's.",
                width=12,
                height=9,
            ),
            [Query(f"{rate('gateway_requests_total', by='code')} > 0", "{{code}}")],
            "reqps",
            stacked=True,
            lines=CODES,
        ),
        chart_panel(
            Text(
                "Requests by code, at the service",
                "The same behind the gateway: whose fault is it?",
                width=12,
                height=9,
            ),
            [Query(f"{rate('http_server_request_duration_seconds_count', by='code')} > 0", "{{code}}")],
            "reqps",
            stacked=True,
            lines=CODES,
        ),
    ]
