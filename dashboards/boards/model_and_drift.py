"""Model and drift: what is predicted, how sure the model is, whether its input still is what it learned from."""

from dashboards.classic import dashboard, models
from dashboards.frame import Board, Row, choice
from dashboards.limits import Limits
from dashboards.palette import BROKEN, HEALTHY, UNKNOWN, WARNING, State, Step, plain, rising
from dashboards.panels import (
    FREE,
    PART,
    UPWARD,
    Builder,
    Query,
    Text,
    bar_panel,
    chart_panel,
    heatmap_panel,
    stat_panel,
    timeline_panel,
)
from dashboards.promql import increase, lately, mean, of, rate, share
from dashboards.reports import (
    DRIFT,
    MODEL,
    QUALITY,
    VIEW,
    WINDOW,
    age,
    age_once_written,
    believed,
    drift_verdicts,
    quality_verdicts,
)

# The scores from which on drift is worth a look, and an alert: monitoring's own, which a test holds them to.
WARN_SCORE, ALERT_SCORE = 0.05, 0.1

ALERT = (State(0, "no alert", HEALTHY), State(1, "alert", BROKEN))
RETRAIN = (State(0, "not recommended", UNKNOWN), State(1, "recommended", WARNING))  # 0: or too little is known


def board(limits: Limits) -> Board:
    """Every model, or those that are chosen; drift and quality by window and view."""
    return Board(
        name="model-and-drift",
        title="Puerta: model and drift",
        description="Predictions and confidence, drift of what is asked, quality where labels have come, and how fresh that is.",
        rows=(
            Row("Now", _now(limits)),
            Row("Predictions", _predictions()),
            Row("Drift", _drift(limits)),
            Row("Quality and labels", _quality(limits)),
            Row("Freshness", _freshness(limits)),
        ),
        variables=(
            choice("model", "Model", 'label_values(model_info{job=~"$job"}, model)'),
            _listed("window", "Window", ("1d", "7d", "28d")),
            _listed("view", "View", ("aligned", "plain")),
        ),
        since="now-24h",
    )


def _now(limits: Limits) -> list[Builder]:
    def text(title: str, description: str) -> Text:
        return Text(title, description, width=4, height=5)

    return [
        stat_panel(
            text("Drift", "Of the chosen window. Not known: too few rows, or the newest report is too old to believe."),
            [Query(believed(drift_verdicts(WINDOW), limits), "{{model}} {{version}}")],
            "none",
            (),
            DRIFT,
        ),
        stat_panel(
            text(
                "Quality",
                "Of the chosen window. Not known: too few labels, or the newest report is too old to believe.",
            ),
            [Query(believed(quality_verdicts(WINDOW), limits), "{{model}} {{version}}")],
            "none",
            (),
            QUALITY,
        ),
        stat_panel(
            text(
                "Age of the newest report",
                "Of drift and quality; the limit is the objective's. A report was never written: 50 years.",
            ),
            [Query(age())],
            "dtdurations",
            rising(broken=limits.above("drift-freshness")),
            decimals=1,
        ),
        stat_panel(
            text("Labelled", "Part of the window's predictions whose label has come."),
            [Query(of("label_coverage_ratio", MODEL, WINDOW), "{{model}} {{version}}")],
            "percentunit",
            plain(),
            decimals=1,
        ),
        stat_panel(
            text("Predictions in the window", "That the report is made of."),
            [Query(of("drift_window_rows", MODEL, WINDOW), "{{model}} {{version}}")],
            "short",
            plain(),
        ),
        stat_panel(
            text("Instances that serve it", "By model and version."),
            [Query(f"count by (model, version) ({of('model_info', MODEL)})", "{{model}} {{version}}")],
            "short",
            plain(),
        ),
    ]


def _predictions() -> list[Builder]:
    by_label = rate("prediction_total", MODEL, by="model, version, label")
    by_model = rate("prediction_total", MODEL, by="model, version")
    return [
        chart_panel(
            Text("Predictions by label", "Predictions answered a second."),
            [Query(f"{by_label} > 0", "{{label}} {{model}} {{version}}")],
            "ops",
            stacked=True,
        ),
        chart_panel(
            Text("Part of each label", "Of the predictions; a step is a change of input, or of the model."),
            [
                Query(
                    f"{by_label} / on (model, version) group_left () ({by_model} > 0)",
                    "{{label}} {{model}} {{version}}",
                )
            ],
            "percentunit",
            axis=PART,
        ),
        chart_panel(
            Text("Mean probability", "What the model answered on average."),
            [Query(mean("prediction_probability", MODEL, by="model, version"), "{{model}} {{version}}")],
            "percentunit",
            axis=PART,
        ),
        heatmap_panel(
            Text(
                "Confidence",
                "Predictions by the probability that was answered, in the bins of the model's reference.",
                width=12,
            ),
            Query(increase("prediction_probability_bucket", MODEL, by="le")),
            "percentunit",
            "Blues",
            "dark-blue",
        ),
        chart_panel(
            Text("Unseen categories", "Values a second that training never saw, by feature.", width=6),
            [Query(rate("prediction_unseen_category_total", by="feature"), "{{feature}}")],
            "ops",
        ),
        chart_panel(
            Text("Input refused", "Requests a second whose input did not fit the model, by reason.", width=6),
            [Query(rate("prediction_input_rejected_total", by="reason"), "{{reason}}")],
            "reqps",
        ),
    ]


def _drift(limits: Limits) -> list[Builder]:
    scores, alerts = (of(metric, MODEL, WINDOW, VIEW) for metric in ("drift_score", "drift_alert"))
    lines = (Step(WARN_SCORE, WARNING), Step(ALERT_SCORE, BROKEN))
    return [
        bar_panel(
            Text(
                "Drift by feature, now",
                "Population stability index without what chance alone gives; also of the prediction, its probability, and "
                "all features together (joint).",
                height=10,
            ),
            [Query(believed(f"max by (feature) ({scores})", limits), "{{feature}}")],
            "short",
            (Step(-1e3, HEALTHY), *lines),
        ),
        chart_panel(
            Text("Drift by feature", "The same over time; lines: worth a look, and an alert.", height=10),
            [Query(scores, "{{feature}} {{model}} {{version}} {{window}} {{view}}")],
            "short",
            lines,
        ),
        timeline_panel(
            Text("Drift alerts", "Features that have drifted for long enough to alert.", height=10),
            [Query(believed(f"max by (feature) ({alerts})", limits), "{{feature}}")],
            ALERT,
        ),
        timeline_panel(
            Text("Verdict by window", "What each window's report said.", width=12),
            [
                Query(
                    believed(drift_verdicts(), limits),
                    "{{window}} {{model}} {{version}}",
                )
            ],
            DRIFT,
        ),
        chart_panel(
            Text(
                "Unseen in the window",
                "Part of the rows whose category the reference does not know, by feature.",
                width=6,
            ),
            [Query(of("drift_unseen_ratio", MODEL, WINDOW), "{{feature}} {{model}} {{window}}")],
            "percentunit",
        ),
        chart_panel(
            Text("Rows in the window", "Predictions that the reports are made of.", width=6),
            [Query(of("drift_window_rows", MODEL, WINDOW), "{{model}} {{version}} {{window}}")],
            "short",
        ),
    ]


def _quality(limits: Limits) -> list[Builder]:
    due, late = (lately(f"label_{what}_total", MODEL, by="model, version", window="1d") for what in ("due", "late"))
    return [
        chart_panel(
            Text(
                "Quality by measure",
                "Of the predictions whose labels have come, by measure; nothing where there are too few.",
            ),
            [Query(of("quality_score", MODEL, WINDOW), "{{measure}} {{model}} {{version}} {{window}}")],
            "percentunit",
            axis=PART,
        ),
        chart_panel(
            Text(
                "Quality less its baseline", "Above 0: better than on the data held out in training (of brier: worse)."
            ),
            [
                Query(
                    f"{of('quality_score', MODEL, WINDOW)} - on (model, version, measure) group_left () "
                    f"max by (model, version, measure) ({of('quality_baseline', MODEL)})",
                    "{{measure}} {{model}} {{version}} {{window}}",
                )
            ],
            "percentunit",
            (Step(0, UNKNOWN),),
            axis=FREE,
        ),
        timeline_panel(
            Text("Quality by window", "Whether accuracy and F1 are as good as they should be."),
            [
                Query(
                    believed(quality_verdicts(), limits),
                    "{{window}} {{model}} {{version}}",
                )
            ],
            QUALITY,
        ),
        chart_panel(
            Text("Labelled", "Part of the window's predictions whose label has come."),
            [Query(of("label_coverage_ratio", MODEL, WINDOW), "{{model}} {{version}} {{window}}")],
            "percentunit",
            axis=PART,
        ),
        chart_panel(
            Text("Label lag", "How long after its prediction a label came: half of them, and nine of ten."),
            [Query(of("label_lag_seconds", MODEL, WINDOW), "{{quantile}} {{model}} {{version}} {{window}}")],
            "s",
        ),
        chart_panel(
            Text(
                "Labels late",
                "Of a day's predictions whose label was due, the part that had none; the line is what the objective allows.",
            ),
            [Query(share(late, due, on="model, version"), "{{model}} {{version}}")],
            "percentunit",
            (Step(limits.allowed("label-arrival"), BROKEN),),
            axis=UPWARD.up_to(limits.allowed("label-arrival")),
        ),
        timeline_panel(
            Text(
                "Training again",
                "Recommended by any window's report: drift that stands with labels to learn from, low quality, concept drift.",
                width=24,
                height=5,
            ),
            [
                Query(
                    believed(f"max by (model, version) ({of('retrain_recommended', MODEL)})", limits),
                    "{{model}} {{version}}",
                )
            ],
            RETRAIN,
        ),
    ]


def _freshness(limits: Limits) -> list[Builder]:
    return [
        chart_panel(
            Text("Age of the newest report", "From the first one on; the line is the objective's limit.", width=12),
            [Query(age_once_written(), "age")],
            "s",
            (Step(limits.above("drift-freshness"), BROKEN),),
            axis=UPWARD.up_to(limits.above("drift-freshness")),
        ),
        chart_panel(
            Text("Runs", "Runs of drift and quality in the day before, by result.", width=12),
            [Query(lately("drift_runs_total", by="result", window="1d"), "{{result}}")],
            "short",
        ),
    ]


def _listed(name: str, label: str, values: tuple[str, ...]) -> Builder:
    options = [models.VariableOption(selected=value == values[0], text=value, value=value) for value in values]
    return dashboard.CustomVariable(name).label(label).values(",".join(values)).options(options).current(options[0])
