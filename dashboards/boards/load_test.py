"""Load test: throughput, latency, errors, and what the platform used for them while a run went on."""

from dashboards.classic import dashboard, models
from dashboards.frame import Board, Row, annotation
from dashboards.limits import Limits
from dashboards.palette import BROKEN, CODES, HEALTHY, WARNING, Step, plain, rising
from dashboards.panels import LOG, UPWARD, Builder, Query, Text, chart_panel, stat_panel
from dashboards.promql import increase, matchers, of, quantile, rate, ratio, share

REQUESTS = "gateway_requests_total"
SECONDS = "gateway_request_duration_seconds"
SERVICE = "http_server_request_duration_seconds"
SHOWN = "$__range"


def board(limits: Limits) -> Board:
    """The shown time as one run, and everything in it over time."""
    return Board(
        name="load-test",
        title="Puerta: load test",
        description="Choose a run's time: its totals judged by the objectives, and what the platform used for it.",
        rows=(
            Row("The shown time as one run", _run(limits)),
            Row("Traffic", _traffic(limits)),
            Row("What it used", _used(limits)),
        ),
        variables=(
            dashboard.TextBoxVariable("heavy")
            .label("A run is from, requests/s")
            .description("More requests a second than this are marked as heavy traffic.")
            .default_value("100")
            .current(models.VariableOption(selected=True, text="100", value="100")),
        ),
        annotations=(
            annotation(
                "Heavy traffic",
                f"{rate(REQUESTS)} > $heavy",
                "purple",
                title="heavy traffic",
                text="the gateway answered more requests a second than variable heavy says",
            ),
            _tagged("Load tests", "load-test"),
        ),
        since="now-15m",
    )


def _run(limits: Limits) -> list[Builder]:
    def text(title: str, description: str) -> Text:
        return Text(title, description, width=4, height=4)

    every = increase(REQUESTS, window=SHOWN)
    failed = increase(REQUESTS, 'code=~"5.."', window=SHOWN)
    allowed = limits.allowed("gateway-availability")
    return [
        stat_panel(
            text("Requests", "At the gateway, in the shown time."), [Query(every)], "short", plain(), decimals=0
        ),
        stat_panel(
            text("Requests a second", "On average over the shown time."),
            [Query(f"{every} / $__range_s")],
            "reqps",
            plain(),
            decimals=1,
        ),
        stat_panel(
            text("Errors", "Part with 5xx; red from what the objective of availability allows."),
            [Query(share(failed, every))],
            "percentunit",
            rising(broken=allowed),
            decimals=3,
        ),
        *(
            stat_panel(
                text(
                    f"Within {limits.seconds(name):g} s",
                    f"Part of the service's answers; red below the objective, {float(limits.specs[name].objective):g} %.",
                ),
                [Query(_within(limits, name))],
                "percentunit",
                (Step(0, BROKEN), Step(float(limits.specs[name].ratio), HEALTHY)),
                decimals=2,
            )
            for name in ("latency", "latency-tail")
        ),
        stat_panel(
            text("Predictions", "Answered in the shown time."),
            [Query(increase("prediction_total", window=SHOWN))],
            "short",
            plain(),
            decimals=0,
        ),
    ]


def _traffic(limits: Limits) -> list[Builder]:
    behind = matchers(limits.counted("latency"))
    return [
        chart_panel(
            Text("Throughput", "Requests and predictions a second."),
            [
                Query(rate(REQUESTS), "requests, gateway"),
                Query(rate(f"{SERVICE}_count"), "requests, service"),
                Query(rate("prediction_total"), "predictions"),
            ],
            "ops",
        ),
        chart_panel(
            Text("Latency", "As callers see it, and P90 of the service; the line is the objective of P90."),
            [
                *(Query(quantile(part, SECONDS), f"P{part * 100:.0f}") for part in (0.5, 0.9, 0.99)),
                Query(quantile(0.9, SERVICE, *behind), "P90, service", exemplar=True),
            ],
            "s",
            (Step(limits.seconds("latency"), BROKEN),),
            axis=LOG.up_to(limits.seconds("latency")),
        ),
        chart_panel(
            Text("Errors and refusals", "Requests a second that were not answered with 2xx, by code."),
            [Query(rate(REQUESTS, 'code!~"2.."', by="code"), "{{code}}")],
            "reqps",
            lines=CODES,
        ),
        chart_panel(
            Text("What the gateway adds", "The line is the objective.", width=12),
            [Query(quantile(part, "gateway_overhead_seconds"), f"P{part * 100:.0f}") for part in (0.5, 0.9, 0.99)],
            "s",
            (Step(limits.seconds("gateway-overhead"), BROKEN),),
            axis=LOG.up_to(limits.seconds("gateway-overhead")),
        ),
        chart_panel(
            Text("Requests under way", "At the service's instances.", width=12),
            [Query(of("http_server_active_requests"), "{{instance}}")],
            "short",
        ),
    ]


def _used(limits: Limits) -> list[Builder]:
    here = f"and on (job, instance) {of('service_ready')}"
    cores = f"sum by (job, instance) (rate({of('process_cpu_seconds_total')}[$__rate_interval]))"
    return [
        chart_panel(
            Text("CPU", "Cores that each process uses."),
            [Query(cores, "{{job}} {{instance}}")],
            "short",
            (Step(1, WARNING),),
        ),
        chart_panel(
            Text("Memory", "Resident memory of each instance of the service; the line is its objective's limit."),
            [Query(f"{of('process_resident_memory_bytes')} {here}", "{{instance}}")],
            "bytes",
            (Step(limits.above("memory"), BROKEN),),
            axis=UPWARD.up_to(limits.above("memory")),
        ),
        chart_panel(
            Text("CPU of a request", "CPU time of the service's instances for each request that they answered."),
            [Query(ratio(f"sum({cores} {here})", rate(f"{SERVICE}_count")), "CPU time")],
            "s",
        ),
    ]


def _within(limits: Limits, name: str) -> str:
    counted = matchers(limits.counted(name))
    fast = increase(f"{SERVICE}_bucket", f'le="{limits.seconds(name)}"', *counted, window=SHOWN)
    return ratio(fast, increase(f"{SERVICE}_count", *counted, window=SHOWN))


def _tagged(name: str, tag: str) -> Builder:
    """Annotations that somebody put into Grafana with a tag (``POST /api/annotations``)."""
    grafana = models.DataSourceRef(type_val="grafana", uid="-- Grafana --")
    wanted = dashboard.AnnotationTarget().type("tags").tags([tag]).limit(100).match_any(False)
    return dashboard.AnnotationQuery().name(name).datasource(grafana).icon_color("yellow").target(wanted)  # type: ignore[arg-type]
