"""The parts of one process of the service, wired together once."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

from service.admission import Admission
from service.caller import Caller, CallerReader
from service.event_log import EventLog, Sink, StandardOutput
from service.identifier import Identifiers
from service.label_log import LabelLog
from service.metrics import Metrics, Series
from service.prediction import Answer, Call, Predictor
from service.problem import Problem
from service.registry import Registry, Reload
from service.segments import SegmentLog
from service.settings import Settings
from service.tracing import Trace, Tracer

T = TypeVar("T")

_access_log = logging.getLogger("puerta.access")
_BYTES_PER_ROW = 64  # a small instance as JSON; larger ones only make the estimate careful
_EXPECTED = (200, 422, 429, 500, 503)  # counted from 0 on: no rate sees the first request that a series begins with
_STANDARD_OUTPUT = "-"


class Target(NamedTuple):
    """What a prediction route asks for, its template, and the largest body that is answered on the event loop."""

    model: str | None
    version: str | None
    route: str
    inline_bytes: int


class Service:
    """The parts of one process. Made once by ``assemble``; nothing here is global."""

    def __init__(self, settings: Settings, metrics: Metrics, tracer: Tracer) -> None:
        self.settings = settings
        self.metrics = metrics
        self.tracer = tracer
        self.callers = CallerReader(settings.gateway_token)
        self.identifiers = Identifiers()
        self.admission = Admission(settings.max_concurrency, settings.max_concurrency_per_client, metrics.in_flight)
        self.segments = _segment_logs(settings)
        standard_output = StandardOutput()  # one, so that events and labels do not tear each other's lines
        events: Sink = self.segments.get(settings.events_dir, standard_output)
        labels: Sink = self.segments.get(settings.labels_dir, standard_output)
        self.registry = Registry(
            Path(settings.models_dir),
            metrics,
            default=settings.default_model,
            unseen=dict(settings.unseen),
            max_instances=settings.max_instances,
        )
        self.predictor = Predictor(self.registry, EventLog(events, metrics), metrics, self.identifiers)
        self.labels = LabelLog(labels, metrics)
        self.threads = ThreadPoolExecutor(settings.threads, "predict")
        self.targets: Mapping[bytes, Target] = {}
        self._series: dict[tuple[str, str, int], Series] = {}
        self._loading = threading.Lock()
        self.ready = False
        self.draining = False

    def load(self) -> Reload:
        """Read the model packages, new ones included, and open the routes to them.

        Raises:
            PackageError: if the folder can't be read.
        """
        with self._loading:
            result = self.registry.load()
            self.targets = self._targets()
            for route in {target.route for target in self.targets.values()}:
                for status in _EXPECTED:
                    self._observed("POST", route, status)
        return result

    def tick(self) -> None:
        """What has to be done every second."""
        self.metrics.fold()
        for log in self.segments.values():
            log.tick()

    def close(self) -> None:
        """Write and send what is waiting."""
        self.threads.shutdown()
        for log in self.segments.values():
            log.close()
        self.tracer.close()

    async def predict(self, call: Call) -> Answer:
        """The answer to a call."""
        return (await self.run(call, lambda: self.predictor.answer([call])))[0]

    async def run(self, call: Call, work: Callable[[], T], *, density: int = 1) -> T:
        """Do a call's work: on the event loop what is expected to be quick, in a worker thread what is not.

        ``density`` is how many times more work a byte of the body may be than one of ``/v1``'s JSON.
        """
        target = self._target(call.model, call.version, "")
        if len(call.body) * density <= target.inline_bytes:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self.threads, work)

    def refuse(self, problem: Problem, caller: Caller, trace: Trace | None = None) -> Answer:
        """The answer that a problem is, for a request of its own identifier or one made here."""
        request_id = caller.request_id or self.identifiers.first(self.identifiers.draw())
        return self.predictor.refuse(problem, request_id, trace)

    def observe(
        self, method: str, route: str, status: int, seconds: float, request_id: str, trace: Trace | None
    ) -> None:
        """Count a request that was answered."""
        series = self._series.get((method, route, status)) or self._observed(method, route, status)
        series.observe(seconds)
        if trace:
            series.trace(seconds, trace.trace_id, time.time())
            trace.end(method=method, route=route, status=status, request_id=request_id)
        if self.settings.access_log:
            extra = {"method": method, "route": route, "status": status, "seconds": seconds, "request_id": request_id}
            _access_log.info("request", extra=extra)

    def _observed(self, method: str, route: str, status: int) -> Series:
        series = self.metrics.request_seconds.labels(method, route, str(status))
        self._series[method, route, status] = series
        return series

    def _targets(self) -> dict[bytes, Target]:
        wanted: list[tuple[str, str | None, str | None, str]] = [("/v1/predict", None, None, "/v1/predict")]
        if self.settings.predict_route:
            wanted.append((self.settings.predict_route, None, None, self.settings.predict_route))
        for model in self.registry:
            newest = f"/v1/models/{model.name}/predict"
            wanted.append((newest, model.name, None, "/v1/models/{model}/predict"))
            versioned = f"/v1/models/{model.name}/versions/{model.version}/predict"
            wanted.append((versioned, model.name, model.version, "/v1/models/{model}/versions/{version}/predict"))
        return {path.encode(): self._target(name, version, route) for path, name, version, route in wanted}

    def _target(self, name: str | None, version: str | None, route: str) -> Target:
        try:
            model = self.registry.find(name, version)
        except Problem:
            return Target(name, version, route, 0)
        budget = self.settings.inline_seconds - model.seconds_per_run
        rows = budget / (model.seconds_per_row + 2e-6)  # what a row costs around the model
        inline_bytes = min(int(max(0.0, rows) * _BYTES_PER_ROW), self.settings.max_body_bytes)
        return Target(name, version, route, inline_bytes)


def _segment_logs(settings: Settings) -> dict[str, SegmentLog]:
    return {
        folder: SegmentLog(
            Path(folder),
            settings.name,
            max_bytes=settings.segment_bytes,
            max_seconds=settings.segment_seconds,
            sync=folder == settings.labels_dir,
        )
        for folder in (settings.events_dir, settings.labels_dir)
        if folder != _STANDARD_OUTPUT
    }
