"""The label log: the truth, arriving late, one JSON line a label. Readers keep the newest line of an id."""

import time
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from service.caller import Caller
from service.event_log import Sink, timestamp
from service.invalid_input import MAX_ERRORS, cut, escape, invalid_input, read_json, shown
from service.metrics import Metrics
from service.problem import FieldError, Problem
from service.schema import Id

MAX_LABELS = 10_000
_SCHEMA = 1
_MOST_TEXT = 128
_MOST = 1e308
_INT64 = 2**63 - 1
_ID = f"text of 1 to {_MOST_TEXT} characters"
_LABEL = f"text of up to {_MOST_TEXT} characters, a finite number, true or false"

Text = Annotated[str, Meta(max_length=_MOST_TEXT)]
Whole = Annotated[int, Meta(ge=-_INT64, le=_INT64)]
Finite = Annotated[float, Meta(ge=-_MOST, le=_MOST)]


class Label(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a prediction turned out to be."""

    id: Id
    label: Text | Whole | Finite | bool


class LabelsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /v1/labels``."""

    labels: Annotated[list[Label], Meta(min_length=1, max_length=MAX_LABELS)]


class _Line(msgspec.Struct, frozen=True):
    schema: int
    ts: str
    request_id: str
    client: str | None
    id: str
    label: Any


class LabelLog:
    """Takes labels. The same label may come again: an id counts once, with what was said of it last."""

    def __init__(self, sink: Sink, metrics: Metrics) -> None:
        self._sink = sink
        self._metrics = metrics
        self._decode = msgspec.json.Decoder(LabelsRequest).decode
        self._encode_lines = msgspec.json.Encoder().encode_lines

    def accept(self, body: bytes, caller: Caller, request_id: str) -> int:
        """Write the labels of a request, and say how many they were.

        Raises:
            Problem: 400 or 422 for a body that does not fit, 503 where the log could not take them; then none is in it.
        """
        caller.require_json()
        labels = self._read(body)
        stamp = timestamp(time.time_ns())
        lines = [_Line(_SCHEMA, stamp, request_id, caller.client, label.id, label.label) for label in labels]
        try:
            self._sink.append(self._encode_lines(lines))
        except OSError as error:
            self._metrics.labels_failed.inc(len(labels))
            raise Problem(503, "the labels could not be written; send them again", retry_after=30) from error
        self._metrics.labels_written.inc(len(labels))
        return len(labels)

    def _read(self, body: bytes) -> Sequence[Label]:
        try:
            labels = self._decode_or_explain(body)
        except (ValueError, RecursionError) as error:
            raise Problem(400, f"the body is not JSON: {cut(str(error))}", reason="malformed") from error
        said: dict[str, Any] = {}
        for row, label in enumerate(labels):
            if said.setdefault(label.id, label.label) != label.label:
                field = FieldError(f"/labels/{row}/label", "label", shown(label.label), "one label for an id")
                raise invalid_input([field], "ids")
        return labels

    def _decode_or_explain(self, body: bytes) -> Sequence[Label]:
        try:
            return self._decode(body).labels
        except msgspec.ValidationError as error:
            raise invalid_input(_explain(body) or [_unexplained(error)], "invalid") from error


def _explain(body: bytes) -> list[FieldError]:
    """What is wrong with a body, field by field.

    Raises:
        ValueError: if it is not JSON after all, further on than where it first does not fit.
        RecursionError: if it is nested too deep.
    """
    request = read_json(body)
    if not isinstance(request, dict):
        return [FieldError("", "body", shown(request), 'an object with "labels"')]
    errors = _unknown("", request, {"labels"})
    labels = request.get("labels")
    if not isinstance(labels, list) or not 0 < len(labels) <= MAX_LABELS:
        came = f"{len(labels)} labels" if isinstance(labels, list) else _came(request, "labels")
        return [*errors, FieldError("/labels", "labels", came, f"an array of 1 to {MAX_LABELS} labels")]
    for row, label in enumerate(labels):
        errors += _label_errors(f"/labels/{row}", label)
        if len(errors) > MAX_ERRORS:
            break
    return errors


def _label_errors(pointer: str, label: Any) -> list[FieldError]:
    if not isinstance(label, dict):
        return [FieldError(pointer, "labels", shown(label), 'an object with "id" and "label"')]
    errors = []
    if not (isinstance(label.get("id"), str) and 0 < len(label["id"]) <= _MOST_TEXT):
        errors.append(FieldError(f"{pointer}/id", "id", _came(label, "id"), _ID))
    if not _is_label(label.get("label")):
        errors.append(FieldError(f"{pointer}/label", "label", _came(label, "label"), _LABEL))
    return errors + _unknown(pointer, label, {"id", "label"})


def _is_label(value: Any) -> bool:
    match value:
        case bool():
            return True
        case str():
            return len(value) <= _MOST_TEXT
        case int():
            return abs(value) <= _INT64
        case float():
            return abs(value) <= _MOST
    return False


def _unknown(pointer: str, value: dict[str, Any], known: set[str]) -> list[FieldError]:
    expected = "no field besides " + " and ".join(f'"{name}"' for name in sorted(known))
    return [
        FieldError(f"{pointer}/{escape(name)}", cut(name), shown(value[name]), expected)
        for name in value
        if name not in known
    ]


def _came(value: dict[str, Any], name: str) -> Any:
    return shown(value[name]) if name in value else "nothing"


def _unexplained(error: msgspec.ValidationError) -> FieldError:
    return FieldError("", "body", None, cut(str(error)))
