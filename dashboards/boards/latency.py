"""The service's latency: where the objectives' thresholds lie in it, its quantiles, and its parts over the thresholds."""

from dashboards.limits import Limits
from dashboards.palette import BROKEN, WARNING, Step
from dashboards.panels import LOG, UPWARD, Builder, Query, Text, chart_panel, heatmap_panel
from dashboards.promql import increase, matchers, quantile, rate, ratio

REQUESTS = "http_server_request_duration_seconds"
# The histogram's own bounds, which a test holds to the service's.
BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 1.0, 2.5, 5.0, 10.0)


def panels(limits: Limits) -> list[Builder]:
    """Heatmaps whose border is the objective's threshold, and charts with it as a line."""
    threshold, counted = limits.seconds("latency"), _counted(limits)
    buckets = f"{REQUESTS}_bucket"
    within = "|".join(str(bound).replace(".", "[.]") for bound in BOUNDS if bound <= threshold)
    at_threshold = increase(buckets, f'le="{threshold}"', *counted)
    above = increase(buckets, f'le!~"{within}"', *counted, by="le")
    slower = f"{above} - on () group_left () {at_threshold}"
    return [
        heatmap_panel(
            Text(
                f"Slower than {threshold:g} s",
                "Requests by how long they took, above the objective's threshold. The border between this panel and the "
                "one below is the threshold.",
                width=24,
                height=5,
            ),
            Query(slower),
            "s",
            "Reds",
            "dark-red",
        ),
        heatmap_panel(
            Text(
                f"Within {threshold:g} s",
                "Requests by how long they took, up to the objective's threshold, which is the panel's upper border.",
                width=24,
                height=8,
            ),
            Query(increase(buckets, f'le=~"{within}"', *counted, by="le")),
            "s",
            "Blues",
            "dark-blue",
        ),
        chart_panel(
            Text(
                "P50, P90, P99",
                f"Of the requests for predictions and models; the line is the objective of P90, {threshold:g} s. "
                "Points are traces (exemplars).",
            ),
            [
                Query(quantile(part, REQUESTS, *counted), f"P{part * 100:.0f}", exemplar=True)
                for part in (0.5, 0.9, 0.99)
            ],
            "s",
            (Step(threshold, BROKEN),),
            axis=LOG.up_to(threshold),
        ),
        chart_panel(
            Text(
                "Part over the thresholds",
                "Part of the requests that took longer than each latency objective's threshold; lines are what they allow.",
            ),
            [Query(_over(limits, name), f"over {limits.seconds(name):g} s") for name in ("latency", "latency-tail")],
            "percentunit",
            (Step(limits.allowed("latency-tail"), WARNING), Step(limits.allowed("latency"), BROKEN)),
            axis=UPWARD.up_to(limits.allowed("latency")),
        ),
        chart_panel(
            Text("P90 by route", f"The line is the objective, {threshold:g} s."),
            [Query(quantile(0.9, REQUESTS, *counted, by="route"), "{{route}}")],
            "s",
            (Step(threshold, BROKEN),),
            axis=LOG.up_to(threshold),
        ),
    ]


def _counted(limits: Limits) -> tuple[str, ...]:
    return matchers(limits.counted("latency"))


def _over(limits: Limits, name: str) -> str:
    counted = matchers(limits.counted(name))
    every = rate(f"{REQUESTS}_count", *counted)
    within = rate(f"{REQUESTS}_bucket", f'le="{limits.seconds(name)}"', *counted)
    return ratio(f"({every} - {within})", every)
