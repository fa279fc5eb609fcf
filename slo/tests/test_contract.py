"""The contract: what is not exposed is told, before an alert is silent for ever."""

from decimal import Decimal

import msgspec

from slo.contract import missing, read_exposition
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
    return list(missing([specs[name] for name in names], read_exposition([exposed])))


def test_what_is_exposed_is_no_complaint(specs: dict[str, Spec]) -> None:
    """Counters, buckets and gauges; ``job`` is Prometheus' own label."""
    assert _complaints(specs, "gateway-availability", "gateway-overhead", "memory", "platform") == []


def test_a_renamed_metric_is_told(specs: dict[str, Spec]) -> None:
    """By objective and name."""
    renamed = EXPOSED.replace("gateway_requests", "gateway_request")
    assert _complaints(specs, "gateway-availability", exposed=renamed) == [
        "gateway-availability: there is no metric gateway_requests_total",
        "gateway-availability: there is no metric gateway_requests_total",
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
