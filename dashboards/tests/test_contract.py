"""Whether a metric, label or bucket that a dashboard asks for and nobody exposes is told."""

from typing import Any

import pytest

from dashboards.contract import merged, metrics, missing, recorded
from dashboards.preview.model import Dashboard, dashboard
from slo.burn import Windows
from slo.contract import read_exposition
from slo.spec import Spec

EXPOSED = """\
# TYPE requests_total counter
requests_total{code="200",route="/"} 1
requests_total{code="500",route="/"} 1
# TYPE seconds histogram
seconds_bucket{le="0.4"} 1
seconds_bucket{le="1.0"} 1
seconds_bucket{le="+Inf"} 1
seconds_count 1
seconds_sum 1
"""


def asking(expr: str) -> Dashboard:
    """A dashboard with one panel."""
    panel = {"type": "timeseries", "title": "Requests", "targets": [{"refId": "A", "expr": expr}]}
    return dashboard("test", {"title": "Test", "panels": [panel]})


def told(expr: str) -> list[str]:
    """What is missing for a panel, without the place."""
    return [line.removeprefix("test: Requests (A): ") for line in missing(asking(expr), read_exposition([EXPOSED]))]


@pytest.mark.parametrize(
    "expr",
    [
        'sum by (code) (rate(requests_total{job=~"$job",code=~"5.."}[$__rate_interval]))',
        'sum by (job, instance) (requests_total{route="/"})',
        'seconds_bucket{le=~"0[.]4|1[.]0"} / on () group_left () seconds_count',
    ],
)
def test_what_is_there_is_fine(expr: str) -> None:
    """Metrics, labels, buckets, and the labels that Prometheus adds."""
    assert told(expr) == []


@pytest.mark.parametrize(
    ("expr", "complaint"),
    [
        ("rate(request_total[$__rate_interval])", "there is no metric request_total"),
        ('requests_total{status="200"}', "requests_total has no label status; it has code, instance, job, route"),
        ('seconds_bucket{le="1"}', "seconds_bucket has no bucket le='1'"),
        ('seconds_bucket{le=~"0[.]4|0[.]5"}', "seconds_bucket has no bucket le='0.5'"),
    ],
)
def test_what_is_not_there_is_told(expr: str, complaint: str) -> None:
    """With the place: that panel would be empty for ever."""
    assert told(expr) == [complaint]


def test_labels_to_add_up_by_have_to_be_there() -> None:
    """Adding up by a label that nothing has gives one series without a name."""
    (complaint,) = told("sum by (status) (requests_total)")
    assert complaint.endswith("has a label status")


def test_variables_and_annotations_count_too() -> None:
    """They ask as panels do."""
    document: dict[str, Any] = {
        "title": "Test",
        "panels": [],
        "templating": {
            "list": [{"name": "code", "type": "query", "query": {"query": "label_values(requests_total, status)"}}]
        },
        "annotations": {"list": [{"name": "Gone", "expr": "gone > 0"}]},
    }
    found = missing(dashboard("test", document), read_exposition([EXPOSED]))
    assert [line.split(":")[1] for line in found] == [" variable code", " annotation Gone"]


def test_records_and_alerts_come_from_the_rules(specs: tuple[Spec, ...], windows: Windows) -> None:
    """Their names and labels are those that the rules give them, and they have no job."""
    exposed = merged(recorded(specs, windows), read_exposition([EXPOSED]))
    assert missing(asking('slo:period_error_budget_remaining:ratio{slo="latency"}'), exposed) == []
    assert missing(asking('ALERTS{alertstate="firing",severity="page",slo="latency"}'), exposed) == []
    assert missing(asking("up{job=~'.+'}"), exposed) == []
    assert missing(asking('slo:objective:ratio{job="service"}'), exposed)
    assert missing(asking("slo:sli_error:ratio_rate7d"), exposed)
    assert metrics("a / (b > 0)") == {"a", "b"}
