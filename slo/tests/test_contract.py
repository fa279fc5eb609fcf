"""The contract: what is not exposed is told, before an alert is silent for ever."""

from decimal import Decimal

import msgspec
import pytest

from slo.contract import missing, read_declared, read_exposition
from slo.spec import Spec

EXPOSED = """\
# TYPE gateway_requests_total counter
gateway_requests_total{client="demo",code="200",route="predict"} 5.0
# TYPE gateway_overhead_seconds histogram
gateway_overhead_seconds_bucket{client="demo",code="200",le="0.025",route="predict"} 5.0
gateway_overhead_seconds_bucket{client="demo",code="200",le="+Inf",route="predict"} 5.0
gateway_overhead_seconds_count{client="demo",code="200",route="predict"} 5.0
gateway_overhead_seconds_sum{client="demo",code="200",route="predict"} 0.1
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 9.5e+07
"""


def _complaints(specs: dict[str, Spec], *names: str, exposed: str = EXPOSED) -> list[str]:
    return list(missing([specs[name] for name in names], read_exposition([exposed]), read_declared([exposed])))


def test_what_is_exposed_is_no_complaint(specs: dict[str, Spec]) -> None:
    """Counters, buckets and gauges; ``job`` is Prometheus' own label."""
    assert _complaints(specs, "gateway-availability", "gateway-overhead", "memory", "platform") == []


MONITORED = """\
# TYPE drift_alert gauge
drift_alert{model="flights",version="1",window="1d",view="aligned",feature="MES"} 0.0
# TYPE drift_verdict gauge
drift_verdict{model="flights",version="1",window="1d",view="aligned",verdict="none"} 1.0
# TYPE drift_last_success_timestamp_seconds gauge
drift_last_success_timestamp_seconds 0.0
# TYPE quality_below_baseline gauge
# TYPE quality_verdict gauge
quality_verdict{model="flights",version="1",window="28d",verdict="not_enough_labels"} 1.0
# TYPE label_due_total counter
label_due_total{model="flights",version="1"} 0.0
# TYPE label_late_total counter
label_late_total{model="flights",version="1"} 0.0
"""
MODELS = ("drift", "drift-freshness", "quality", "label-arrival")


def test_what_has_no_series_while_nothing_is_known_has_to_be_declared(specs: dict[str, Spec]) -> None:
    """Quality without labels: no series, and no complaint, unless the metric has another name or its verdict is gone."""
    assert _complaints(specs, *MODELS, exposed=MONITORED) == []
    undeclared = MONITORED.replace("# TYPE quality_below_baseline", "# TYPE quality_under_baseline")
    assert _complaints(specs, *MODELS, exposed=undeclared) == ["quality: there is no metric quality_below_baseline"]
    no_verdict = MONITORED.replace('quality_verdict{model="flights"', 'quality_verdicts{model="flights"')
    assert _complaints(specs, *MODELS, exposed=no_verdict) == ["quality: there is no metric quality_verdict"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("drift_alert{", "drift_alarm{", "drift: there is no metric drift_alert"),
        (
            "drift_last_success",
            "drift_success",
            "drift-freshness: there is no metric drift_last_success_timestamp_seconds",
        ),
        ("label_late_total{", "label_overdue_total{", "label-arrival: there is no metric label_late_total"),
        ("view=", "sight=", "drift: drift_alert has no label view; it has feature, model, sight, version, window"),
        (
            "version=",
            "release=",
            "drift: drift_alert has no label version; it has feature, model, release, view, window",
        ),
    ],
)
def test_what_monitoring_renames_is_told(specs: dict[str, Spec], old: str, new: str, said: str) -> None:
    """Metrics, labels to match, labels to put together by."""
    renamed = MONITORED.replace("# TYPE drift_alert gauge\n", "").replace(old, new)
    assert said in _complaints(specs, *MODELS, exposed=renamed)


def test_a_renamed_metric_is_told(specs: dict[str, Spec]) -> None:
    """By objective and name."""
    renamed = EXPOSED.replace("gateway_requests", "gateway_request")
    assert _complaints(specs, "gateway-availability", exposed=renamed) == [
        "gateway-availability: there is no metric gateway_requests_total"
    ]


def test_a_label_and_a_bucket_that_are_not_there_are_told(specs: dict[str, Spec]) -> None:
    """With those that are."""
    relabelled = EXPOSED.replace("code=", "status=")
    assert _complaints(specs, "gateway-availability", exposed=relabelled) == [
        "gateway-availability: gateway_requests_total has no label code; it has client, route, status"
    ]
    latency = specs["gateway-overhead"].sli.latency
    assert latency is not None
    other = msgspec.structs.replace(latency, threshold=Decimal("0.03"))
    sli = msgspec.structs.replace(specs["gateway-overhead"].sli, latency=other)
    spec = msgspec.structs.replace(specs["gateway-overhead"], sli=sli)
    assert _complaints({"one": spec}, "one") == [
        "gateway-overhead: gateway_overhead_seconds_bucket has no bucket le='0.03'; it has 0.025, +Inf"
    ]
