"""The service's Prometheus metrics, by the names and labels that the SLO specs rely on.

One process, one registry, one scrape target. What is observed for every request goes into a ``Histogram`` of our own:
an observation is one list append, and the buckets are counted with numpy when somebody looks.
"""

import threading
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar

# 0.4 s and 1 s are the thresholds of the latency SLOs; the rest resolves what a request here takes.
SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 1.0, 2.5, 5.0, 10.0)
INFERENCE_SECONDS: Final = (0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.1, 1.0)
PROBABILITY: Final = tuple(round(step * 0.05, 2) for step in range(1, 21))  # the reference's own bins
_MOST_PENDING: Final = 10_000
REASONS: Final = (
    "malformed",
    "invalid",
    "unseen_category",
    "batch_size",
    "ids",
    "content_type",
    "body_size",
    "not_finite",
)


class Series:
    """The observations of one label set. ``observe`` may be called from any thread."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = np.array(bounds)
        self._pending: list[float] = []
        self._counts = np.zeros(len(bounds) + 1, np.int64)
        self._sum = 0.0
        self._exemplars: dict[int, Exemplar] = {}
        self._lock = threading.Lock()
        self.observe = self._pending.append

    def observe_all(self, values: Iterable[float]) -> None:
        """Observe many values; a second's worth of batches would be megabytes, so they are counted on the way."""
        self._pending.extend(values)
        if len(self._pending) >= _MOST_PENDING:
            self.fold()

    def trace(self, value: float, trace_id: str, timestamp: float) -> None:
        """Keep the trace of an observation as its bucket's exemplar."""
        bucket = int(np.searchsorted(self._bounds, value))
        self._exemplars[bucket] = Exemplar({"trace_id": trace_id}, value, timestamp)

    def fold(self) -> None:
        """Count what was observed since the last time; a value on a bound belongs to the bucket below it."""
        with self._lock:
            count = len(self._pending)
            if not count:
                return
            values = np.array(self._pending[:count])
            del self._pending[:count]
            self._counts += np.bincount(np.searchsorted(self._bounds, values), minlength=len(self._counts))
            self._sum += float(values.sum())

    def buckets(self) -> tuple[list[Any], float]:
        """The cumulative buckets with their exemplars, and the sum."""
        self.fold()
        with self._lock:
            names = [*(str(bound) for bound in self._bounds.tolist()), "+Inf"]
            totals = np.cumsum(self._counts).tolist()
            return [
                (n, t, self._exemplars.get(i)) for i, (n, t) in enumerate(zip(names, totals, strict=True))
            ], self._sum


class Histogram(Collector):
    """A histogram whose observations cost one list append."""

    def __init__(
        self, registry: CollectorRegistry, name: str, help_text: str, labels: Sequence[str], bounds: Sequence[float]
    ) -> None:
        self._name, self._help, self._labels, self._bounds = name, help_text, tuple(labels), tuple(bounds)
        self._series: dict[tuple[str, ...], Series] = {}
        registry.register(self)

    def labels(self, *values: str) -> Series:
        """The series of a label set, made (and so exposed at 0) the first time."""
        series = self._series.get(values)
        if series is None:
            series = self._series.setdefault(values, Series(self._bounds))
        return series

    def fold(self) -> None:
        """Count what is pending, so that it does not grow between two scrapes."""
        for series in list(self._series.values()):
            series.fold()

    def describe(self) -> Iterable[HistogramMetricFamily]:
        """The family without samples, for the registry."""
        yield HistogramMetricFamily(self._name, self._help, labels=self._labels)

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """The family with its samples."""
        family = HistogramMetricFamily(self._name, self._help, labels=self._labels)
        for values, series in sorted(self._series.items()):
            buckets, total = series.buckets()
            family.add_metric(values, buckets, total)
        yield family


class Metrics:
    """Every metric of the service, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self.request_seconds = self._histogram(
            "http_server_request_duration_seconds",
            "Time from a request's first byte to its answer.",
            ("method", "route", "code"),
            SECONDS,
        )
        self.in_flight = self._gauge("http_server_active_requests", "Requests under way.")
        self.predictions = self._counter("prediction", "Predictions answered.", "model", "version", "label")
        self.probability = self._histogram(
            "prediction_probability", "Probabilities answered.", ("model", "version"), PROBABILITY
        )
        self.inference_seconds = self._histogram(
            "prediction_inference_seconds", "Time of one run of the model.", ("model", "version"), INFERENCE_SECONDS
        )
        self.rejected = self._counter("prediction_input_rejected", "Requests refused for their input.", "reason")
        self.unseen = self._counter(
            "prediction_unseen_category", "Values of a category never seen in training.", "feature"
        )
        self.log_written = self._counter("prediction_log_written", "Predictions written to the log.")
        self.log_failed = self._counter("prediction_log_failed", "Predictions answered that the log could not take.")
        self.labels_written = self._counter("label_log_written", "Labels written to the log.")
        self.labels_failed = self._counter("label_log_failed", "Labels refused because the log could not take them.")
        self.spans = self._counter("trace_span", "Spans sent to the receiver of the traces, or lost.", "result")
        self.model_info = self._gauge("model_info", "Models being served.", "model", "version", "sha256")
        self.reloads = self._counter("model_reload", "Model packages met by a reload.", "result")
        self.ready = self._gauge("service_ready", "1 when ready for traffic.")
        for reason in REASONS:
            self.rejected.labels(reason)
        for result in ("loaded", "kept", "removed", "refused"):
            self.reloads.labels(result)

    def fold(self) -> None:
        """Count pending observations; to be called every second or so."""
        for histogram in (self.request_seconds, self.probability, self.inference_seconds):
            histogram.fold()

    def _counter(self, name: str, help_text: str, *labels: str) -> Counter:
        return Counter(name, help_text, labels, registry=self.registry)

    def _gauge(self, name: str, help_text: str, *labels: str) -> Gauge:
        return Gauge(name, help_text, labels, registry=self.registry)

    def _histogram(self, name: str, help_text: str, labels: Sequence[str], bounds: Sequence[float]) -> Histogram:
        return Histogram(self.registry, name, help_text, labels, bounds)
