"""Metrics have the contract's names and labels, and the histogram of our own counts as Prometheus' client does."""

import math
import threading
from typing import Any

import prometheus_client
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from service.metrics import INFERENCE_SECONDS, PROBABILITY, REASONS, SECONDS, Histogram, Metrics, Series
from service.tests.exposition import OPENMETRICS, TEXT, scrape

BOUNDS = (0.25, 0.5, 1.0, 10.0)
FORMATS = pytest.mark.parametrize("accept", [TEXT, OPENMETRICS])
VALUES = st.one_of(
    st.sampled_from([*BOUNDS, 0.0, *(math.nextafter(b, 0) for b in BOUNDS), *(math.nextafter(b, 99) for b in BOUNDS)]),
    st.floats(0, 100),
    st.just(math.inf),
)


@given(st.lists(st.lists(VALUES)), st.sampled_from([TEXT, OPENMETRICS]))
def test_the_histogram_is_prometheus_own(scrapes: list[list[float]], accept: str) -> None:
    """Bucket by bucket, sum and count, whatever is observed between scrapes; a bound belongs to its own bucket."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    mine = Histogram(ours, "seconds", "Help.", ("a", "b"), BOUNDS)
    reference = prometheus_client.Histogram("seconds", "Help.", ("a", "b"), registry=theirs, buckets=BOUNDS)
    series, reference_series = mine.labels("x", "y"), reference.labels("x", "y")
    for values in scrapes:
        for value in values[::2]:
            series.observe(value)
        series.observe_all(values[1::2])
        for value in values:
            reference_series.observe(value)
        got, expected = scrape(ours, accept), scrape(theirs, accept)
        for name in ("seconds_bucket", "seconds_count"):
            assert got.series(name) == expected.series(name)
        assert got.value("seconds_sum", a="x", b="y") == pytest.approx(expected.value("seconds_sum", a="x", b="y"))
        mine.fold()
    assert scrape(ours).families["seconds"].type == "histogram"


@FORMATS
@pytest.mark.parametrize("bounds", [SECONDS, INFERENCE_SECONDS, PROBABILITY])
def test_the_bounds_are_written_as_prometheus_writes_them(bounds: tuple[float, ...], accept: str) -> None:
    """A rule that names le="0.4" finds it, in both formats."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    Histogram(ours, "x", "Help.", ("a",), bounds).labels("1").observe(0.3)
    prometheus_client.Histogram("x", "Help.", ("a",), registry=theirs, buckets=bounds).labels("1").observe(0.3)
    assert scrape(ours, accept).series("x_bucket") == scrape(theirs, accept).series("x_bucket")


def test_the_latency_thresholds_are_bounds() -> None:
    """The SLOs count requests below 0.4 s and 1 s, so a bucket ends at each."""
    assert {0.4, 1.0} <= set(SECONDS)
    assert tuple(pytest.approx(step / 20) for step in range(1, 21)) == PROBABILITY


def test_nothing_is_lost_between_threads() -> None:
    """Observed in one thread while another scrapes: every observation is counted once."""
    registry = CollectorRegistry()
    histogram = Histogram(registry, "seconds", "Help.", ("a",), BOUNDS)
    series = histogram.labels("x")
    writers = [threading.Thread(target=lambda: [series.observe(0.3) for _ in range(20_000)]) for _ in range(3)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        scrape(registry)
    for writer in writers:
        writer.join()
    assert scrape(registry).value("seconds_count", a="x") == 60_000
    assert scrape(registry).value("seconds_bucket", a="x", le="0.5") == 60_000


def test_an_exemplar_stands_at_its_bucket() -> None:
    """OpenMetrics shows the last trace of each bucket; the text format, which knows none, still parses."""
    registry = CollectorRegistry()
    series = Histogram(registry, "seconds", "Help.", ("a",), BOUNDS).labels("x")
    for value, trace in ((0.5, "a" * 32), (0.3, "b" * 32), (99.0, "c" * 32)):
        series.observe(value)
        series.trace(value, trace, 1_800_000_000.5)
    found = {
        sample.labels["le"]: sample.exemplar
        for sample in scrape(registry, OPENMETRICS).samples
        if sample.name == "seconds_bucket" and sample.exemplar
    }
    assert {bound: exemplar.labels for bound, exemplar in found.items()} == {
        "0.5": {"trace_id": "b" * 32},
        "+Inf": {"trace_id": "c" * 32},
    }
    assert found["0.5"].value == 0.3
    assert str(found["0.5"].timestamp) == "1800000000.500000000"
    assert not scrape(registry, TEXT).exemplars("seconds_bucket")


@FORMATS
def test_names_and_labels_are_the_contract_s(application: Any, accept: str) -> None:
    """What the SLO specs and dashboards ask for is there, under its name, with its labels and no other."""
    service = application.service
    service.observe("POST", "/v1/predict", 200, 0.1, "r-1", None)
    exposition = scrape(service.metrics.registry, accept)
    labels = {
        "http_server_request_duration_seconds_count": {"method", "route", "code"},
        "prediction_total": {"model", "version", "label"},
        "prediction_probability_count": {"model", "version"},
        "prediction_inference_seconds_count": {"model", "version"},
        "prediction_input_rejected_total": {"reason"},
        "prediction_unseen_category_total": {"feature"},
        "prediction_log_written_total": set(),
        "prediction_log_failed_total": set(),
        "model_info": {"model", "version", "sha256"},
    }
    for name, expected in labels.items():
        found = [set(sample.labels) for sample in exposition.samples if sample.name == name]
        assert found, name
        assert all(one == expected for one in found), name
    assert exposition.value(
        "http_server_request_duration_seconds_count", method="POST", route="/v1/predict", code="200"
    )


@FORMATS
def test_label_sets_start_at_zero(application: Any, accept: str) -> None:
    """A rate over a counter that appears with its first increase misses that increase."""
    exposition = scrape(application.service.metrics.registry, accept)
    rejected = exposition.series("prediction_input_rejected_total")
    assert rejected == {(("reason", reason),): 0.0 for reason in REASONS}
    predictions = exposition.series("prediction_total")
    for model, version, classes in (("delays", "2", "01"), ("total", "1", [""]), ("grades", "1", "ABC")):
        for label in classes:
            assert predictions[("label", label), ("model", model), ("version", version)] == 0.0
    assert set(predictions.values()) == {0.0}
    assert exposition.series("prediction_unseen_category_total") == {
        (("feature", feature),): 0.0 for feature in ("AIRLINE", "KIND", "MONTH", "mark", "part")
    }
    assert (("model", "delays"), ("version", "1")) in exposition.series("prediction_probability_count")
    assert (("model", "total"), ("version", "1")) not in exposition.series("prediction_probability_count")
    assert (("model", "total"), ("version", "1")) in exposition.series("prediction_inference_seconds_count")
    assert exposition.series("prediction_log_failed_total") == {(): 0.0}


@FORMATS
def test_the_process_is_measured(accept: str) -> None:
    """Memory and CPU of the process, for the memory SLO."""
    families = scrape(Metrics().registry, accept).families
    assert {"process_resident_memory_bytes", "python_info"} <= set(families)


def test_what_waits_to_be_counted_is_bounded() -> None:
    """Batches observe hundreds of thousands of values a second; counting them does not wait for the second's end."""
    series = Series((1.0, 2.0))
    for _ in range(300):
        series.observe_all([0.5] * 100)
        assert len(series._pending) < 11_000
    assert [count for _, count, _ in series.buckets()[0]] == [30_000, 30_000, 30_000]
