"""Models of other data, trained by scikit-learn and packaged as anybody would, are served as they were trained."""

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest

from service.application import Application, assemble
from service.caller import CallerReader
from service.prediction import Call
from service.settings import Settings

pytestmark = pytest.mark.slow  # scikit-learn and pandas take seconds to import
KINDS = {"iris": "probabilities", "wine": "label_index", "diabetes": "value", "mixed": "probability"}


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """A service of four models: two multiclass, a regression, a binary one with every type of feature."""
    from model_files.tests import packages

    folder = tmp_path_factory.mktemp("trained")
    for make in (packages.iris, packages.wine, packages.diabetes, packages.mixed):
        make(folder / "models")
    set_up = Settings(
        models_dir=str(folder / "models"), events_dir=str(folder / "events"), labels_dir=str(folder / "labels")
    )
    made = assemble(set_up)
    assert not made.service.load().refused
    yield made
    made.service.close()


def predict(application: Application, model: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is answered for rows."""
    call = Call(model, None, json.dumps({"instances": rows}).encode(), CallerReader("").read([]))
    answer = application.service.predictor.answer([call])[0]
    assert answer.status == 200, answer
    found: list[dict[str, Any]] = json.loads(answer.body)["predictions"]
    return found


@pytest.mark.parametrize("model", KINDS)
def test_its_own_example(application: Application, model: str) -> None:
    """Each kind of output: a label of its classes or a number, a probability where it has one."""
    manifest = application.service.registry.find(model, None).manifest
    assert manifest.output == KINDS[model]
    alone = predict(application, model, [manifest.example])[0]
    for one in predict(application, model, [manifest.example] * 3):
        assert one["label"] == pytest.approx(alone["label"])
        assert one["probability"] == pytest.approx(alone["probability"], abs=2e-6)
    assert alone["label"] in manifest.classes or isinstance(alone["label"], float)
    assert (alone["probability"] is not None) == manifest.output.startswith("probabilit")


def test_it_answers_as_it_was_trained(application: Application) -> None:
    """Text, numbers that are missing, whole numbers, truths: what scikit-learn says of every row, the service says."""
    from model_files.tests.packages import mixed_pipeline, mixed_rows

    frame = mixed_rows()
    features = frame.drop(columns="outcome")
    pipeline = mixed_pipeline().fit(features, frame["outcome"])
    expected = pipeline.predict_proba(features)[:, 1].tolist()
    rows = [
        {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}
        for row in features.to_dict("records")
    ]
    found = predict(application, "mixed", rows)
    classes = pipeline.classes_.tolist()
    differences = [abs(one["probability"] - p) for one, p in zip(found, expected, strict=True)]
    assert max(differences) < 1e-4
    threshold = application.service.registry.find("mixed", None).manifest.threshold
    assert threshold is not None
    assert [one["label"] for one in found] == [classes[one["probability"] >= threshold] for one in found]


def test_a_category_never_seen_is_counted(application: Application) -> None:
    """Its manifest says so: it is answered, as scikit-learn's encoder answers it."""
    example = application.service.registry.find("mixed", None).manifest.example
    assert predict(application, "mixed", [{**example, "city": "Valparaíso"}])[0]["label"] in {"early", "late"}
