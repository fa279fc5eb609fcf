"""Every call gets its own answer, whoever else is answered with it, and nothing a call brings makes answering fail."""

import json
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.application import Application, assemble
from service.caller import CallerReader
from service.model import Model
from service.prediction import Answer, Call
from service.settings import Settings
from service.tests import packages
from service.tests.exposition import scrape

REPOSITORY = Path(__file__).parents[2]


def call(body: object, model: str | None = None, version: str | None = None, **headers: str) -> Call:
    """A call with a body (JSON, or bytes as they are) and headers."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Call(
        model, version, body if isinstance(body, bytes) else json.dumps(body).encode(), CallerReader("").read(raw)
    )


def answer(application: Application, *calls: Call) -> list[Answer]:
    """The answers to some calls that came together."""
    return application.service.predictor.answer(calls)


def predictions(answer: Answer) -> list[dict[str, Any]]:
    """The predictions of a good answer."""
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = json.loads(answer.body)["predictions"]
    return found


def instances(*rows: object, **fields: object) -> dict[str, object]:
    """The body of a request."""
    return {"instances": rows, **fields}


def counted(application: Application, name: str, **labels: str) -> float:
    """The value of a metric."""
    return scrape(application.service.metrics.registry).value(name, **labels)


def test_the_answer_to_a_good_call(application: Application) -> None:
    """Model, version, and for every instance its identifier, label and probability; the request's id in a header."""
    (one,) = answer(application, call(instances(["Sur", "N", 7], ["Norte", "I", 1]), "delays", "1", x_request_id="r-1"))
    document = json.loads(one.body)
    first, second = document.pop("predictions")
    assert document == {"model": "delays", "version": "1"}
    assert uuid.UUID(first.pop("id")).version == 7
    assert uuid.UUID(second.pop("id")).version == 7
    assert first == {"label": 0, "probability": 0.25}
    assert second == {"label": 0, "probability": 0.125}
    assert dict(one.headers) == {b"content-type": b"application/json", b"x-request-id": b"r-1"}
    assert one.request_id == "r-1"


@pytest.mark.parametrize(
    ("model", "row", "label", "probability"),
    [
        ("delays", ["Sur", "N", 1], 1, 0.5),  # on the threshold: the second class
        ("total", [0.5, -3, True], -1.5, None),
        ("colours", [0.2, 0.3, 0.5], "blue", 0.5),
        ("grades", ["high", 1, 0], "A", None),
        ("counting", ["Este", "N", 1], 0, packages.UNSEEN),
    ],
)
def test_every_kind_of_model(
    application: Application, model: str, row: list[object], label: object, probability: float | None
) -> None:
    """Binary, regression, multiclass with and without probabilities, a category never seen; alone and in company."""
    for rows in ([row], [row, row, row]):
        for prediction in predictions(answer(application, call(instances(*rows), model))[0]):
            assert (prediction["label"], prediction["probability"]) == (label, probability)


def test_which_model_answers(application: Application) -> None:
    """The default where none is named, the newest version where none is, and 404 for what is not there."""
    for model, version, expected in (
        (None, None, ("delays", "2")),
        ("delays", None, ("delays", "2")),
        ("delays", "1", ("delays", "1")),
        ("total", None, ("total", "1")),
    ):
        (one,) = answer(
            application, call(instances(["Sur", "N", 1] if model != "total" else [1, 1, True]), model, version)
        )
        document = json.loads(one.body)
        assert (document["model"], document["version"]) == expected
    for model, version in (("delays", "3"), ("nobody", None)):
        (one,) = answer(application, call(instances(["Sur", "N", 1]), model, version))
        assert one.status == 404
        assert b"delays/1" in one.body


def test_the_threshold_is_the_version_s_own(application: Application) -> None:
    """Version 2 cries earlier than version 1."""
    body = instances(["Sur", "N", 7])
    old, new = answer(application, call(body, "delays", "1"), call(body, "delays", "2"))
    assert (predictions(old)[0]["label"], predictions(new)[0]["label"]) == (0, 1)


BODIES = {  # each with the model it is for, and the status that it must get alone or among others
    "one": (None, instances(["Sur", "N", 7], ids=["a"]), 200),
    "three": ("delays", instances(["Sur", "N", 7], ["Norte", "I", 2], ["Sur", "I", 3], ids=["b", "c", "d"]), 200),
    "slowly read": ("delays", instances(["Sur", "N", 7.0], ids=["e"]), 200),
    "another model": ("total", instances([None, 1, True], [2.5, 1, False], ids=["f", "g"]), 200),
    "another version": ("delays", instances({"AIRLINE": "Sur", "KIND": "N", "MONTH": 7}, ids=["h"]), 200),
    "unseen, counted": ("counting", instances(["Este", "N", 1], ids=["i"]), 200),
    "unseen, counted, among others": ("counting", instances(["Este", "N", 1], ["Sur", "N", 1], ids=["i", "j"]), 200),
    "counted": ("counting", instances(["Sur", "N", 1], ids=["k"]), 200),
    "classes": ("colours", instances([1, 0, 0], [0, 0, 1], ids=["l", "m"]), 200),
    "sound": ("fragile", instances(["sound"], ids=["n"]), 200),
    "finite": ("quotient", instances([1, 2], ids=["o"]), 200),
    "broken": ("fragile", instances(["broken"], ids=["p"]), 500),
    "broken among sound": ("fragile", instances(["sound"], ["broken"], ids=["q", "r"]), 500),
    "infinite": ("quotient", instances([1, 0], ids=["s"]), 422),
    "not a number": ("quotient", instances([0, 0], [1, 1], ids=["t", "u"]), 422),
    "unseen": ("delays", instances(["Este", "N", 1]), 422),
    "wrong": ("delays", instances(["Sur", "N"]), 422),
    "empty": ("delays", instances(), 422),
    "not JSON": ("delays", b"instances", 400),
    "no such model": ("nobody", instances(["Sur", "N", 1]), 404),
}


def _calls(names: list[str]) -> list[Call]:
    return [call(BODIES[name][1], BODIES[name][0], x_request_id=f"r-{place}") for place, name in enumerate(names)]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Any:
    """One application for many examples."""
    folder = tmp_path_factory.mktemp("state")
    settings = Settings(
        models_dir=str(models_dir),
        default_model="delays",
        events_dir=str(folder / "events"),
        labels_dir=str(folder / "labels"),
    )
    application = assemble(settings)
    application.service.load()
    yield application
    application.service.close()


def test_each_body_alone(shared: Application) -> None:
    """What the table says of each."""
    for name, (_, _, status) in BODIES.items():
        (one,) = answer(shared, *_calls([name]))
        assert one.status == status, name


@given(st.lists(st.sampled_from(sorted(BODIES)), max_size=8))
def test_together_is_one_by_one(shared: Application, names: list[str]) -> None:
    """Whatever is answered in one go, each answer is, byte for byte, what it is alone: in order, none disturbed."""
    calls = _calls(names)
    together = answer(shared, *calls)
    assert together == [answer(shared, one)[0] for one in calls]
    assert [one.status for one in together] == [BODIES[name][2] for name in names]


def test_the_log_holds_what_was_answered_together(application: Application, tmp_path: Path) -> None:
    """Of many calls, the events of the good ones, each under its own request, in one write."""
    answers = answer(application, *_calls(list(BODIES)))
    answered = [p["id"] for one in answers if one.status == 200 for p in json.loads(one.body)["predictions"]]
    lines = b"".join(path.read_bytes() for path in (tmp_path / "events").iterdir()).splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["id"] for event in events] == answered
    assert {event["request_id"] for event in events} == {
        f"r-{place}" for place, one in enumerate(answers) if one.status == 200
    }
    assert counted(application, "prediction_log_written_total") == len(answered)


def test_a_failing_model_says_nothing_of_itself(application: Application, caplog: pytest.LogCaptureFixture) -> None:
    """500 in the one shape without the runtime's words, which go into our log with the request's id."""
    (one,) = answer(application, call(instances(["broken"]), "fragile", x_request_id="r-77"))
    assert one.status == 500
    document = json.loads(one.body)
    assert document["request_id"] == "r-77"
    assert "errors" not in document
    for word in (b"onnx", b"ONNX", b"Gather", b"Traceback", b"indices"):
        assert word not in one.body
    assert any("r-77" in str(record.__dict__) and record.exc_info for record in caplog.records)


def test_a_model_that_always_fails_stops_nobody(application: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a model raises, in running or in reading what it gave, every call is answered."""
    running = Model.run
    names = ["one", "another model", "classes", "not JSON"]

    def fail(model: Model, *arguments: Any) -> Any:
        if model.name == "delays":
            raise MemoryError("no room")
        return running(model, *arguments)

    monkeypatch.setattr(Model, "run", fail)
    assert [one.status for one in answer(application, *_calls(names))] == [500, 200, 200, 400]
    monkeypatch.setattr(Model, "run", lambda *_: None)
    assert [one.status for one in answer(application, *_calls(names))] == [500, 500, 500, 400]


@pytest.mark.parametrize("row", [[1, 0], [-1, 0], [0, 0]])
def test_no_answer_that_is_not_finite(application: Application, row: list[float]) -> None:
    """Infinity and NaN are no JSON and no prediction: 422, counted, nothing logged."""
    (one,) = answer(application, call(instances([1, 1], row), "quotient"))
    assert one.status == 422
    assert json.loads(one.body)["detail"] == "the model has no finite answer for this input"
    assert counted(application, "prediction_input_rejected_total", reason="not_finite") == 1
    assert counted(application, "prediction_log_written_total") == 0
    assert counted(application, "prediction_total", model="quotient", version="1", label="") == 0


def test_what_is_counted(application: Application) -> None:
    """Labels, probabilities and runs by model and version; a run is one, however many calls it answers."""
    answer(application, *_calls(["one", "three", "another model", "classes"]))
    newest = {"model": "delays", "version": "2"}
    total, colours = {"model": "total", "version": "1"}, {"model": "colours", "version": "1"}
    assert counted(application, "prediction_total", label="1", **newest) == 4
    assert counted(application, "prediction_total", label="0", **newest) == 0
    assert counted(application, "prediction_total", label="", **total) == 2
    assert counted(application, "prediction_total", label="red", **colours) == 1
    assert counted(application, "prediction_probability_count", **newest) == 4
    assert counted(application, "prediction_probability_sum", **newest) == pytest.approx(0.25 + 0.25 + 0.125 + 0.5)
    assert counted(application, "prediction_probability_count", **colours) == 2
    assert counted(application, "prediction_inference_seconds_count", **newest) == 1
    assert counted(application, "prediction_inference_seconds_count", **total) == 1


@pytest.mark.parametrize(
    ("body", "model", "headers", "reason"),
    [
        (b"{", None, {}, "malformed"),
        (instances(["Sur", "N"]), None, {}, "invalid"),
        (instances(["Este", "N", 1]), None, {}, "unseen_category"),
        (instances(), None, {}, "batch_size"),
        (instances(["Sur", "N", 1], ids=["a", "b"]), None, {}, "ids"),
        (instances(["Sur", "N", 1]), None, {"content_type": "text/plain"}, "content_type"),
        (instances([1, 0]), "quotient", {}, "not_finite"),
    ],
)
def test_each_refusal_is_counted_by_its_reason(
    application: Application, body: object, model: str | None, headers: dict[str, str], reason: str
) -> None:
    """One more of that reason, and of no other."""
    before = scrape(application.service.metrics.registry).series("prediction_input_rejected_total")
    answer(application, call(body, model, **headers))
    after = scrape(application.service.metrics.registry).series("prediction_input_rejected_total")
    assert {key: after[key] - before[key] for key in after if after[key] != before[key]} == {(("reason", reason),): 1.0}


def test_unseen_categories_are_counted_refused_or_not(application: Application) -> None:
    """By feature: drift shows here first."""
    answer(
        application,
        call(instances(["Este", "N", 1], ["Oeste", "N", 1]), "counting"),
        call(instances(["Este", "X", 1]), "delays"),
    )
    assert counted(application, "prediction_unseen_category_total", feature="AIRLINE") == 3
    assert counted(application, "prediction_unseen_category_total", feature="KIND") == 1
    assert counted(application, "prediction_unseen_category_total", feature="MONTH") == 0


def test_nothing_to_answer(application: Application) -> None:
    """No calls, no answers, no event."""
    assert answer(application) == []
    assert counted(application, "prediction_log_written_total") == 0


def test_the_largest_batch(application: Application, tmp_path: Path) -> None:
    """Ten thousand rows: each answered with what it is alone, each logged."""
    flights = [(airline, month) for airline in packages.AIRLINES for month in packages.MONTHS]
    flights = (flights * 300)[:10_000]
    rows = [[airline, "N", month] for airline, month in flights]
    found = predictions(answer(application, call(instances(*rows), "delays", "1"))[0])
    assert len({one["id"] for one in found}) == 10_000
    for (airline, month), one in zip(flights, found, strict=True):
        assert one["probability"] == packages.delay_probability(airline, month)
    assert sum(path.read_bytes().count(b"\n") for path in (tmp_path / "events").iterdir()) == 10_000


def test_from_many_threads(application: Application, tmp_path: Path) -> None:
    """Worker threads and the event loop answer at once: no identifier twice, no count lost, no line torn."""
    found: list[list[Answer]] = [[] for _ in range(4)]

    def ask(mine: list[Answer]) -> None:
        for _ in range(100):
            mine += answer(
                application, call(instances(["Sur", "N", 7])), call(instances(["Sur", "N", 7], ["Norte", "I", 1]))
            )

    threads = [threading.Thread(target=ask, args=(mine,)) for mine in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [p["id"] for mine in found for one in mine for p in predictions(one)]
    assert len(set(ids)) == len(ids) == 4 * 300
    lines = b"".join(path.read_bytes() for path in (tmp_path / "events").iterdir()).splitlines()
    assert sorted(json.loads(line)["id"] for line in lines) == sorted(ids)
    assert counted(application, "prediction_log_written_total") == 1200
    assert counted(application, "prediction_inference_seconds_count", model="delays", version="2") == 400


@pytest.mark.parametrize("name", ["flight-delay", "flight-delay-onehot"])
def test_the_shipped_models(tmp_path: Path, name: str) -> None:
    """Their own example, alone and in a batch of others, gets one answer; to a hair, as float32 is added in any order."""
    settings = Settings(
        models_dir=str(REPOSITORY / "model-files"), events_dir=str(tmp_path / "e"), labels_dir=str(tmp_path / "l")
    )
    application = assemble(settings)
    application.service.load()
    manifest = application.service.registry.find(name, None).manifest
    first = manifest.features[0]
    others = [{**manifest.example, first.name: value} for value in first.categories or (0, 1)]
    (alone,) = predictions(answer(application, call(instances(manifest.example), name))[0])
    together = predictions(answer(application, call(instances(*others, manifest.example), name))[0])
    singles = [predictions(answer(application, call(instances(row), name))[0])[0] for row in others]
    for one, other in zip([*singles, alone], together, strict=True):
        assert one["probability"] == pytest.approx(other["probability"], abs=2e-6)
    assert alone["label"] in manifest.classes
    application.service.close()
