"""From a request's body to its answer: the one function that every entrance calls.

``Predictor.answer`` takes all the calls that are waiting and answers them together: one run of each model, one write
of the log. A call at fault is answered alone and disturbs no other.
"""

import logging
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from model_files.manifest import Label
from service.caller import Caller
from service.event_log import Event, EventLog, timestamp
from service.identifier import Identifiers
from service.invalid_input import InvalidInput
from service.metrics import Metrics
from service.model import Model
from service.problem import MEDIA_TYPE, Problem
from service.registry import Registry
from service.schema import Batch, stack
from service.tracing import Trace

_log = logging.getLogger("puerta.prediction")
_JSON = (b"content-type", b"application/json")
_PROBLEM = (b"content-type", MEDIA_TYPE.encode())


class Call(msgspec.Struct, frozen=True, gc=False):
    """A request for predictions of a model (None: the default) in a version (None: the newest)."""

    model: str | None
    version: str | None
    body: bytes
    caller: Caller
    trace: Trace | None = None


class Answer(msgspec.Struct, frozen=True, gc=False):
    """A whole response, but for what the transport adds (``date``, ``content-length``, ``connection``)."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    request_id: str


class Prediction(msgspec.Struct, frozen=True, gc=False):
    """The answer for one instance."""

    id: str
    label: Label | float
    probability: float | None


class Predictions(msgspec.Struct, frozen=True, gc=False):
    """The body of an answer."""

    model: str
    version: str
    predictions: list[Prediction]


class Work(msgspec.Struct, frozen=True, gc=False):
    """Valid input on its way through a model; ``drawn`` is what the identifiers of its rows share."""

    model: Model
    batch: Batch
    caller: Caller
    drawn: str
    request_id: str
    trace: Trace | None


class Result(msgspec.Struct, frozen=True, gc=False):
    """What came of one piece of work: an identifier, a label and a probability for every row.

    ``run_output`` is the graph's output for all that ran together; the rows of this work begin at ``start``.
    """

    ids: Sequence[str]
    labels: Sequence[Label | float]
    probabilities: Sequence[float | None]
    run_output: Any
    start: int

    @property
    def output(self) -> Any:
        """The graph's output for the rows of this work."""
        return self.run_output[self.start : self.start + len(self.ids)]


class Predictor:
    """Validates, predicts, logs and encodes. May be called from any thread."""

    def __init__(self, registry: Registry, events: EventLog, metrics: Metrics, identifiers: Identifiers) -> None:
        self.registry = registry
        self._events = events
        self._metrics = metrics
        self._identifiers = identifiers
        self._encode = msgspec.json.Encoder().encode

    def answer(self, calls: Sequence[Call]) -> list[Answer]:
        """One answer for each call, in order. Never raises: what is our fault is a 500 in the one error shape."""
        answers: list[Any] = [None] * len(calls)
        work: list[Work] = []
        places: list[int] = []
        for place, call in enumerate(calls):
            caller = call.caller
            drawn = self._identifiers.draw()
            request_id = caller.request_id or self._identifiers.first(drawn)
            try:
                caller.require_json()
                model = self.registry.find(call.model, call.version)
                batch = model.schema.decode(call.body)
            except Problem as problem:
                answers[place] = self.refuse(problem, request_id, call.trace)
            except Exception:  # noqa: BLE001 - one broken call must not take the others along
                _log.exception("request not understood", extra={"request_id": request_id})
                answers[place] = self.refuse(_our_fault(), request_id, call.trace)
            else:
                work.append(Work(model, batch, caller, drawn, request_id, call.trace))
                places.append(place)
        for place, item, result in zip(places, work, self.predict(work), strict=True):
            if isinstance(result, Result):
                answers[place] = self._encode_answer(item, result)
            else:
                answers[place] = self.refuse(result, item.request_id, item.trace)
        return answers

    def predict(self, work: Sequence[Work]) -> list[Result | Problem]:
        """Run the models over valid input, write the events, count. Work for one model goes through it together."""
        results: list[Any] = [None] * len(work)
        for places in _by_model(work):
            group = [work[place] for place in places]
            for place, result in zip(places, self._predict_together(group), strict=True):
                results[place] = result
        self._write_events(work, results)
        return results

    def refuse(self, problem: Problem, request_id: str, trace: Trace | None = None) -> Answer:
        """The answer that a problem is; counts what was wrong with the input."""
        if problem.reason:
            self._metrics.rejected.labels(problem.reason).inc()
        if isinstance(problem, InvalidInput):
            self._count_unseen(problem.unseen)
        headers = [_PROBLEM, (b"x-request-id", request_id.encode()), *problem.headers()]
        if trace:
            headers.append((b"traceparent", trace.traceparent))
        return Answer(problem.status, headers, problem.body(request_id), request_id)

    def _predict_together(self, work: Sequence[Work]) -> Sequence[Result | Problem]:
        """Work for one model in one run; where that fails, piece by piece, so that only the piece at fault fails."""
        try:
            return self._run(work[0].model, work)
        except Problem as problem:
            if len(work) == 1:
                return [problem]
        except Exception:  # noqa: BLE001 - onnxruntime raises types of its own for every kind of fault
            _log.exception("model failed", extra={"request_ids": [item.request_id for item in work]})
            if len(work) == 1:
                return [_our_fault()]
        return [self._predict_together([item])[0] for item in work]

    def _run(self, model: Model, work: Sequence[Work]) -> list[Result | Problem]:
        began = time.time_ns()
        start = time.perf_counter()
        codes, numbers = stack([item.batch for item in work])
        output = model.run(codes, numbers)
        scores = model.scores(output)
        model.meters.inference_seconds(time.perf_counter() - start)
        if model.finite is not None and not math.isfinite(sum(model.finite(scores))):
            raise Problem(422, "the model has no finite answer for this input", reason="not_finite")
        model.meters.count(scores)
        results: list[Result | Problem] = []
        row = 0
        for item in work:
            count = len(item.batch.rows)
            ids = item.batch.ids or self._identifiers.rows(item.drawn, count)
            end = row + count
            results.append(Result(ids, scores.labels[row:end], scores.probabilities[row:end], output, row))
            row = end
            if item.batch.unseen:
                self._count_unseen(item.batch.unseen)
            if item.trace:
                item.trace.step("inference", began, time.time_ns(), {"puerta.instances": count, **model.attributes})
        return results

    def _write_events(self, work: Sequence[Work], results: Sequence[Result | Problem]) -> None:
        began = time.time_ns()
        stamp = timestamp(began)
        events: list[Event] = []
        for item, result in zip(work, results, strict=True):
            if isinstance(result, Result):
                request_id, client, name, version = (
                    item.request_id,
                    item.caller.client,
                    item.model.name,
                    item.model.version,
                )
                rows = zip(result.ids, item.batch.rows, result.labels, result.probabilities, strict=True)
                for id_, features, label, probability in rows:
                    event = Event(1, stamp, id_, request_id, client, name, version, features, label, probability)
                    events.append(event)
        if events:
            self._events.write(events)
            for item in work:
                if item.trace:
                    item.trace.step("event_log", began, time.time_ns())

    def _encode_answer(self, item: Work, result: Result) -> Answer:
        predictions = list(map(Prediction, result.ids, result.labels, result.probabilities))
        headers = [_JSON, (b"x-request-id", item.request_id.encode())]
        if item.trace:
            headers.append((b"traceparent", item.trace.traceparent))
        body = self._encode(Predictions(item.model.name, item.model.version, predictions))
        return Answer(200, headers, body, item.request_id)

    def _count_unseen(self, unseen: Mapping[str, int]) -> None:
        for feature, count in unseen.items():
            self._metrics.unseen.labels(feature).inc(count)


def _our_fault() -> Problem:
    return Problem(500, "the prediction failed; the fault is ours and is logged")


def _by_model(work: Sequence[Work]) -> list[list[int]]:
    """The places of the work, grouped by model."""
    if work and all(item.model is work[0].model for item in work):
        return [list(range(len(work)))]
    groups: dict[int, list[int]] = {}
    for place, item in enumerate(work):
        groups.setdefault(id(item.model), []).append(place)
    return list(groups.values())
