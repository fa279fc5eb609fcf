"""Service: rate, errors and duration of its requests, the model's runs, and what the process uses."""

from dashboards.boards import latency
from dashboards.frame import Board, Row
from dashboards.limits import Limits
from dashboards.palette import BROKEN, CODES, HEALTHY, WARNING, State, Step, plain, rising
from dashboards.panels import LOG, UPWARD, Builder, Query, Text, chart_panel, stat_panel, timeline_panel
from dashboards.promql import lately, matchers, mean, of, quantile, rate, rate_of, ratio, share

REQUESTS = "http_server_request_duration_seconds"
READY = (State(0, "not ready", BROKEN), State(1, "ready", HEALTHY))


def board(limits: Limits) -> Board:
    """Every instance of the service, or those that are chosen."""
    return Board(
        name="service",
        title="Puerta: service",
        description="Requests, predictions and what the service's instances use.",
        rows=(
            Row("Now", _now(limits)),
            Row("Requests", _requests(limits)),
            Row("Latency", latency.panels(limits)),
            Row("Model runs", _inference()),
            Row("Saturation", _saturation(limits)),
            Row("Prediction log and input", _log(limits)),
        ),
        parts="service_ready",
    )


def _now(limits: Limits) -> list[Builder]:
    every, failed = (rate_of(selector) for selector in limits.events("service-availability"))
    threshold = limits.seconds("latency")

    def text(title: str, description: str) -> Text:
        return Text(title, description, width=4, height=4)

    return [
        stat_panel(
            text("Ready", "Instances that are ready for traffic."),
            [Query(f"sum({of('service_ready')})")],
            "short",
            _ready(),
        ),
        stat_panel(
            text("Requests", "Requests a second, without the probes of its health."),
            [Query(every)],
            "reqps",
            plain(),
            decimals=1,
        ),
        stat_panel(
            text("Errors", "Part of the requests that were answered with 5xx; no data where there was no request."),
            [Query(share(failed, every))],
            "percentunit",
            rising(notice=limits.allowed("service-availability"), broken=10 * limits.allowed("service-availability")),
            decimals=2,
        ),
        stat_panel(
            text("P90", f"Nine of ten answers are faster; the objective is {threshold:g} s."),
            [Query(quantile(0.9, REQUESTS, *matchers(limits.counted("latency"))))],
            "s",
            rising(notice=threshold / 2, broken=threshold),
            decimals=1,
        ),
        stat_panel(
            text("Memory", "Resident memory of the largest instance, beside its objective's limit."),
            [Query(f"max({_memory()})")],
            "bytes",
            _memory_steps(limits),
            decimals=0,
        ),
        stat_panel(
            text("Not logged", "Predictions of an hour that were answered and could not be logged."),
            [Query(lately("prediction_log_failed_total"))],
            "short",
            rising(broken=0.5),
            decimals=0,
        ),
    ]


def _requests(limits: Limits) -> list[Builder]:
    every, failed = (rate_of(selector, by="route") for selector in limits.events("service-availability"))
    return [
        chart_panel(
            Text("Requests by route", "Requests a second; the route is the template."),
            [Query(f"{rate(f'{REQUESTS}_count', by='route')} > 0", "{{route}}")],
            "reqps",
            stacked=True,
        ),
        chart_panel(
            Text("Requests by code", "Requests a second by what came of them."),
            [Query(f"{rate(f'{REQUESTS}_count', by='code')} > 0", "{{code}}")],
            "reqps",
            stacked=True,
            lines=CODES,
        ),
        chart_panel(
            Text(
                "Part with 5xx, by route",
                "Errors of ours; the line is what the objective allows. Routes without requests are not shown, nor probes.",
            ),
            [Query(share(failed, every, on="route"), "{{route}}")],
            "percentunit",
            (Step(limits.allowed("service-availability"), BROKEN),),
            axis=UPWARD.up_to(limits.allowed("service-availability")),
        ),
    ]


def _inference() -> list[Builder]:
    runs, answered = (
        rate("prediction_inference_seconds_count", by="model, version"),
        rate("prediction_total", by="model, version"),
    )
    return [
        chart_panel(
            Text("Time of a run", "P50 and P99 of one run of the model, and its mean."),
            [
                Query(quantile(0.5, "prediction_inference_seconds", by="model, version"), "P50 {{model}} {{version}}"),
                Query(quantile(0.99, "prediction_inference_seconds", by="model, version"), "P99 {{model}} {{version}}"),
                Query(mean("prediction_inference_seconds", by="model, version"), "mean {{model}} {{version}}"),
            ],
            "s",
            axis=LOG,
        ),
        chart_panel(
            Text(
                "Predictions of a run",
                "How many predictions one run of the model answers: batches, and calls that came together.",
            ),
            [Query(ratio(answered, runs, on="model, version"), "{{model}} {{version}}")],
            "short",
        ),
        chart_panel(
            Text("Predictions", "Predictions answered a second."),
            [Query(f"{answered} > 0", "{{model}} {{version}}")],
            "ops",
            stacked=True,
        ),
    ]


def _saturation(limits: Limits) -> list[Builder]:
    here = f"and on (job, instance) {of('service_ready')}"
    return [
        chart_panel(
            Text("Requests under way", "At each instance.", width=6),
            [Query(of("http_server_active_requests"), "{{instance}}")],
            "short",
        ),
        chart_panel(
            Text("CPU", "Cores that each instance uses.", width=6),
            [
                Query(
                    f"sum by (job, instance) (rate({of('process_cpu_seconds_total')}[$__rate_interval])) {here}",
                    "{{instance}}",
                )
            ],
            "short",
            (Step(1, WARNING),),
        ),
        chart_panel(
            Text("Memory", "Resident memory of each instance; the line is its objective's limit.", width=6),
            [Query(_memory(), "{{instance}}")],
            "bytes",
            (Step(limits.above("memory"), BROKEN),),
            axis=UPWARD.up_to(limits.above("memory")),
        ),
        chart_panel(
            Text("Open files", "As part of what the process may open.", width=6),
            [Query(f"{of('process_open_fds')} / {of('process_max_fds')} {here}", "{{instance}}")],
            "percentunit",
            (Step(0.8, BROKEN),),
        ),
        timeline_panel(
            Text(
                "Instances", "When each was ready for traffic; a gap: it did not answer Prometheus.", width=12, height=7
            ),
            [Query(of("service_ready"), "{{instance}}")],
            READY,
        ),
        chart_panel(
            Text(
                "Running for",
                "How long each instance has been running; it begins anew at a restart.",
                width=12,
                height=7,
            ),
            [Query(f"time() - {of('process_start_time_seconds')} {here}", "{{instance}}")],
            "s",
        ),
    ]


def _log(limits: Limits) -> list[Builder]:
    written, failed = rate("prediction_log_written_total"), rate("prediction_log_failed_total")
    return [
        chart_panel(
            Text("Prediction log", "Answered predictions that were logged, and that could not be.", width=6),
            [Query(written, "written"), Query(failed, "failed")],
            "ops",
        ),
        chart_panel(
            Text("Part not logged", "The line is what the objective allows.", width=6),
            [Query(share(failed, f"({written} + {failed})"), "not logged")],
            "percentunit",
            (Step(limits.allowed("prediction-log"), BROKEN),),
            axis=UPWARD.up_to(limits.allowed("prediction-log")),
        ),
        chart_panel(
            Text("Input refused, by reason", "Requests a second whose input did not fit the model.", width=6),
            [Query(rate("prediction_input_rejected_total", by="reason"), "{{reason}}")],
            "reqps",
        ),
        chart_panel(
            Text("Labels and traces", "Labels written or refused, spans of traces sent or lost.", width=6),
            [
                Query(rate("label_log_written_total"), "labels written"),
                Query(rate("label_log_failed_total"), "labels failed"),
                Query(rate("trace_span_total", by="result"), "spans {{result}}"),
            ],
            "ops",
        ),
    ]


def _ready() -> tuple[Step, ...]:
    return (Step(0, BROKEN), Step(1, HEALTHY))


def _memory() -> str:
    return f"{of('process_resident_memory_bytes')} and on (job, instance) {of('service_ready')}"


def _memory_steps(limits: Limits) -> tuple[Step, ...]:
    limit = limits.above("memory")
    return rising(notice=0.8 * limit, broken=limit)
