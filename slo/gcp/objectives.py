"""Service level objectives of Cloud Monitoring, for its own console; alerts and budgets are exact in the policies.

Attribute names are those of ``google_monitoring_custom_service`` and ``google_monitoring_slo`` in Terraform's Google
provider (8.7), filters those of https://cloud.google.com/monitoring/api/v3/filters.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from slo.burn import seconds
from slo.gcp.place import placed
from slo.promql import plain, selectors
from slo.spec import Events, Latency, Selector, Slices, Spec

MOST = Decimal("0.999")  # the highest goal that the provider documents
_SLICE = "300s"  # a window that is good or bad as a whole: a fraction of a day, at least 60 s
_RESOURCE = frozenset({"cluster", "instance", "job", "location", "namespace"})  # labels of prometheus_target itself


_MEAN = (
    "Five minutes are good or bad as a whole, by the mean of all series; the objective judges every series by itself, at "
    "every look."
)


class _LeftOut(ValueError):  # noqa: N818 - it is no error of anybody's
    """An objective that Cloud Monitoring can't say, and why."""


def objectives(specs: Sequence[Spec]) -> dict[str, Any]:
    """``services`` and ``slos`` by their ids as Terraform's ``for_each`` takes them, and who was ``left_out`` and why.

    An SLO's ``service`` is a key of ``services``. Beside the provider's attributes it has ``objective``, the exact one,
    and ``note``, what in Cloud Monitoring is not quite the same.
    """
    services = {spec.service: {"display_name": spec.service} for spec in specs}
    slos, left_out = {}, {}
    for spec in specs:
        try:
            slos[spec.name] = _objective(placed(spec))
        except _LeftOut as reason:
            left_out[spec.name] = str(reason)
    return {"services": services, "slos": slos, "left_out": left_out}


def _objective(spec: Spec) -> dict[str, Any]:
    indicator, note = _indicator(spec)
    goal = min(spec.ratio, MOST)
    title = spec.title
    if goal < spec.ratio:
        title += f" (goal {plain(MOST * 100)} %, the highest there is here; {plain(spec.objective)} % is meant)"
        note = f"{note} The goal is capped: the provider documents 0.999 as the highest.".strip()
    over = {"calendar_period": "MONTH"} if spec.window == "month" else {"rolling_period_days": _days(spec)}
    return {
        "service": spec.service,
        "slo_id": spec.name,
        "display_name": title,
        "goal": goal,
        **over,
        **indicator,
        "user_labels": {"slo": spec.name},
        "objective": spec.ratio,
        "note": note,
    }


def _days(spec: Spec) -> int:
    return seconds(spec.window) // 86_400


def _indicator(spec: Spec) -> tuple[dict[str, Any], str]:
    sli = spec.sli
    if sli.events is not None:
        return {"request_based_sli": {"good_total_ratio": _ratio(sli.events)}}, ""
    if sli.latency is not None:
        cut = _cut(sli.latency)
        note = "A bucket's bound belongs to it in Prometheus; the API documents the range's max as exclusive."
        return {"request_based_sli": {"distribution_cut": cut}}, note
    if sli.slices is not None:
        return {"windows_based_sli": _windows(sli.slices, selectors(spec)[0])}, _MEAN
    raise _LeftOut("it is made of other objectives, which Cloud Monitoring has no SLI for; its alerts are there")


def _ratio(events: Events) -> dict[str, str]:
    """Two of good, bad and total; they are of one metric each."""
    for selector in (*events.total, *events.bad):
        if not selector.metric.endswith("_total"):
            raise _LeftOut(f"{selector.metric} is no counter there but part of a distribution; its alerts are there")
    good = [selector for selector in events.total if selector not in events.bad]
    if len(events.bad) == 1 and len(events.total) == 1:
        return {
            "bad_service_filter": _filter(events.bad[0], "counter"),
            "total_service_filter": _filter(events.total[0], "counter"),
        }
    if len(events.bad) == 1 and len(good) == 1 and len(good) + 1 == len(events.total):
        return {
            "good_service_filter": _filter(good[0], "counter"),
            "bad_service_filter": _filter(events.bad[0], "counter"),
        }
    raise _LeftOut("it adds up several metrics, and a filter selects one; its alerts are there")


def _cut(latency: Latency) -> dict[str, Any]:
    histogram = latency.selector
    return {"distribution_filter": _filter(histogram, "histogram"), "range": {"max": latency.threshold}}


def _windows(slices: Slices, gauge: Selector) -> dict[str, Any]:
    if slices.age:
        raise _LeftOut("it is about how long ago a time was, which no filter can say; its alerts are there")
    limit = {"max": slices.above} if slices.above is not None else {"min": slices.below}
    mean = {"time_series": _filter(gauge, "gauge"), "range": limit}
    return {"window_period": _SLICE, "metric_mean_in_range": mean}


def _filter(selector: Selector, kind: str) -> str:
    """A monitoring filter for the series of a metric that Prometheus' own exposition calls a counter, and so on."""
    said = [f'metric.type="prometheus.googleapis.com/{selector.metric}/{kind}"', 'resource.type="prometheus_target"']
    said += [_comparison(name, "=", value) for name, value in selector.match.items()]
    said += [_comparison(name, "!=", value) for name, value in selector.exclude.items()]
    return " AND ".join(said)


def _comparison(name: str, operator: str, value: str) -> str:
    owner = "resource" if name in _RESOURCE else "metric"
    text = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if re.search(r"[.^$*+?()\[\]{}|\\]", value):
        text = f"monitoring.regex.full_match({text})"
    return f"{owner}.labels.{name}{operator}{text}"
