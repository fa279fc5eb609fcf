"""An answered prediction is in the log; a log that can't be written never stops a prediction, and is counted."""

import errno
import json
import logging
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from service.application import Application
from service.caller import CallerReader
from service.event_log import StandardOutput, timestamp
from service.prediction import Answer, Call
from service.tests.conftest import Assemble
from service.tests.exposition import scrape

CALLER = CallerReader("t").read([(b"x-gateway-client", b"acme"), (b"x-gateway-token", b"t"), (b"x-request-id", b"r-1")])


def predict(application: Application, *instances: object, model: str | None = None, **fields: object) -> Answer:
    """The answer to a request for predictions."""
    body = json.dumps({"instances": instances, **fields}).encode()
    return application.service.predictor.answer([Call(model, None, body, CALLER)])[0]


def events(folder: Path) -> list[dict[str, Any]]:
    """Every line of every segment."""
    return [json.loads(line) for path in sorted(folder.glob("*")) for line in path.read_bytes().splitlines()]


def counted(application: Application) -> tuple[float, float]:
    """How many events were written, and how many not."""
    exposition = scrape(application.service.metrics.registry)
    return exposition.value("prediction_log_written_total"), exposition.value("prediction_log_failed_total")


def test_the_shape_of_an_event(application: Application, tmp_path: Path) -> None:
    """Exactly the contract's fields; features as they were understood, the identifier the answer gave."""
    answer = predict(application, ["Sur", "N", 7.0], {"MONTH": 1, "AIRLINE": "Grupo Ñandú", "KIND": "I"})
    first, second = events(tmp_path / "events")
    stamp = first.pop("ts")
    assert stamp == second.pop("ts")
    assert len(stamp) == len("2026-11-21T01:02:03.456Z")
    given = [prediction["id"] for prediction in json.loads(answer.body)["predictions"]]
    common = {"schema": 1, "request_id": "r-1", "client": "acme", "model": "delays", "version": "2"}
    assert first == common | {
        "id": given[0],
        "features": {"AIRLINE": "Sur", "KIND": "N", "MONTH": 7},
        "label": 1,
        "probability": 0.25,
    }
    assert second == common | {
        "id": given[1],
        "features": {"AIRLINE": "Grupo Ñandú", "KIND": "I", "MONTH": 1},
        "label": 1,
        "probability": 0.75,
    }


@pytest.mark.parametrize(
    ("model", "instance", "features", "label", "probability"),
    [
        ("total", [None, 7.0, True], {"weight": None, "steps": 7, "heavy": True}, 8.0, None),
        ("total", [1, 2, False], {"weight": 1.0, "steps": 2, "heavy": False}, 3.0, None),
        ("colours", [0.25, 0.5, 0], {"red": 0.25, "green": 0.5, "blue": 0.0}, "green", 0.5),
        ("grades", ["middle", 12, 0.5], {"mark": "middle", "MONTH": 12, "size": 0.5}, "B", None),
        ("grades", ["never\nseen", 12, 0], {"mark": "never\nseen", "MONTH": 12, "size": 0.0}, "C", None),
    ],
)
def test_events_of_every_kind_of_model(
    application: Application,
    tmp_path: Path,
    model: str,
    instance: list[object],
    features: dict[str, object],
    label: object,
    probability: float | None,
) -> None:
    """Missing numbers, text that was never seen, values and names as labels."""
    assert predict(application, instance, model=model).status == 200
    (event,) = events(tmp_path / "events")
    assert json.dumps(event["features"]) == json.dumps(features)
    assert (event["label"], event["probability"], event["model"]) == (label, probability, model)


def test_the_caller_s_own_ids(application: Application, tmp_path: Path) -> None:
    """What the caller named, a label can name later."""
    predict(application, ["Sur", "N", 1], ["Sur", "N", 2], ids=["mine-1", "mine-2"])
    assert [event["id"] for event in events(tmp_path / "events")] == ["mine-1", "mine-2"]


def test_what_was_refused_is_not_logged(application: Application, tmp_path: Path) -> None:
    """The log holds answers."""
    assert predict(application, ["Este", "N", 1]).status == 422
    assert predict(application, [1.0, 0.0], model="quotient").status == 422
    assert predict(application, ["broken"], model="fragile").status == 500
    assert not (tmp_path / "events").exists()
    assert counted(application) == (0, 0)


def test_a_full_disk_never_stops_predictions(
    application: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Answered all the same, counted, and said once rather than for every request; written again when there is room."""
    predict(application, ["Sur", "N", 1])

    def full(_: int, __: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, caplog.at_level(logging.ERROR):
        patch.setattr(os, "write", full)
        answers = [predict(application, ["Sur", "N", 1], ["Sur", "N", 2]) for _ in range(5)]
    assert [answer.status for answer in answers] == [200] * 5
    assert counted(application) == (1, 10)
    (record,) = [record for record in caplog.records if record.name == "puerta.event_log"]
    assert "No space left" in json.dumps(record.__dict__, default=str)
    predict(application, ["Sur", "N", 3])
    assert counted(application) == (2, 10)
    assert [event["features"]["MONTH"] for event in events(tmp_path / "events")] == [1, 3]


def test_a_folder_that_cannot_be_made(application: Application, tmp_path: Path) -> None:
    """The same for whatever else is wrong with the place of the log."""
    (tmp_path / "events").write_text("a file where the folder should be")
    assert predict(application, ["Sur", "N", 1]).status == 200
    assert counted(application) == (0, 1)


def test_standard_output(make_application: Assemble, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """In a container the events go to standard output, a line each, and no folder is made."""
    application = make_application(events_dir="-", labels_dir="-")
    predict(application, ["Sur", "N", 1], ["Sur", "N", 2])
    lines = capfdbinary.readouterr().out.splitlines()
    assert [json.loads(line)["features"]["MONTH"] for line in lines] == [1, 2]
    assert counted(application) == (2, 0)


def test_standard_output_keeps_lines_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe takes a part at a time, and two threads write: no line is torn by another."""
    written: list[bytes] = []

    def a_part(descriptor: int, data: bytes) -> int:
        assert descriptor == 1
        part = bytes(data[:2])
        written.append(part)
        time.sleep(0)  # as a real write does, let another thread go on
        return len(part)

    monkeypatch.setattr(os, "write", a_part)
    sink = StandardOutput()

    def write() -> None:
        for _ in range(100):
            sink.append(b"0123456789\n")

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(b"".join(written).splitlines()) == {b"0123456789"}
    assert len(written) == 300 * 6


def test_a_closed_standard_output_is_counted(make_application: Assemble, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever read it has gone: as with a full disk."""
    application = make_application(events_dir="-", labels_dir="-")

    def gone(_: int, __: bytes) -> int:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr(os, "write", gone)
    assert predict(application, ["Sur", "N", 1]).status == 200
    assert counted(application) == (0, 1)


def test_a_failed_label_log_does_not_touch_predictions(application: Application, tmp_path: Path) -> None:
    """The two logs have a place of their own each."""
    (tmp_path / "labels").write_text("a file where the folder should be")
    assert predict(application, ["Sur", "N", 1]).status == 200
    assert counted(application) == (1, 0)


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_795_222_923_456_789_012, "2026-11-21T01:02:03.456Z"),
        (1_795_222_923_999_999_999, "2026-11-21T01:02:03.999Z"),
    ],
)
def test_timestamps(nanoseconds: int, text: str) -> None:
    """RFC 3339 in UTC, cut to milliseconds."""
    assert timestamp(nanoseconds) == text
