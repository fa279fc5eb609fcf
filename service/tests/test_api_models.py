"""The models' own pages of the API: what is served, and what each model says of itself."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from model_files.manifest import MANIFEST_FILE, decode
from service.application import Application
from service.tests import packages
from service.tests.conftest import Assemble


@pytest.fixture
def client(application: Application) -> Iterator[TestClient]:
    """Asks an application without a server."""
    with TestClient(application) as client:
        yield client


def test_the_list_has_every_model_once_with_its_versions(client: TestClient) -> None:
    """One entry a model, by name, with its versions oldest first; one of them is the default."""
    listed = client.get("/v1/models").json()
    names = [model["name"] for model in listed["models"]]
    assert names == sorted(names)
    assert len(names) == len(set(names))
    assert listed["default"] == "delays"
    assert [model["name"] for model in listed["models"] if model["default"]] == ["delays"]
    (delays,) = (model for model in listed["models"] if model["name"] == "delays")
    assert (delays["version"], delays["versions"], delays["task"]) == ("2", ["1", "2"], "binary")


def test_no_model_is_an_empty_list(make_application: Assemble, tmp_path: Path) -> None:
    """A service whose last model was taken away says so, and does not fail."""
    shutil.copytree(packages.delays(tmp_path / "kept"), tmp_path / "models" / "delays" / "1")
    application = make_application(models_dir=str(tmp_path / "models"))
    with TestClient(application) as client:
        shutil.rmtree(tmp_path / "models" / "delays")
        application.service.load()
        answer = client.get("/v1/models")
    assert (answer.status_code, answer.json()) == (200, {"default": None, "models": []})


def test_a_model_is_described_by_its_newest_version(client: TestClient) -> None:
    """Without a version the newest one is described; with one, that one."""
    newest = client.get("/v1/models/delays").json()
    assert newest == client.get("/v1/models/delays/versions/2").json()
    older = client.get("/v1/models/delays/versions/1").json()
    assert (newest["version"], newest["threshold"]) == ("2", 0.1)
    assert (older["version"], older["threshold"]) == ("1", 0.5)
    assert older["sha256"] != newest["sha256"]


def test_a_description_is_the_manifest(client: TestClient, models_dir: Path) -> None:
    """What a manifest says of the model stands in its description, word for word."""
    manifest = decode((models_dir / "total" / "1" / MANIFEST_FILE).read_bytes())
    described = client.get("/v1/models/total").json()
    assert described["example"] == {"instances": [manifest.example]}
    assert [feature["name"] for feature in described["features"]] == [feature.name for feature in manifest.features]
    for name in ("name", "version", "task", "target", "threshold", "metrics", "training_data", "libraries"):
        assert described[name] == getattr(manifest, name)
    assert described["features"] == [
        {"name": "weight", "type": "number", "nullable": True},
        {"name": "steps", "type": "integer", "range": [-10.0, 10.0], "nullable": False},
        {"name": "heavy", "type": "boolean", "nullable": False},
    ]


@pytest.mark.parametrize(
    ("model", "expected"), [("delays", ["reject"] * 3), ("counting", ["count", "count", "reject"])]
)
def test_a_feature_says_what_becomes_of_a_new_category(client: TestClient, model: str, expected: list[str]) -> None:
    """The policy that holds is told, setting or manifest; the calendar takes no new category."""
    features = client.get(f"/v1/models/{model}").json()["features"]
    assert [feature["unseen"] for feature in features] == expected
    for feature, policy in zip(features, expected, strict=True):
        instance: dict[str, Any] = {"AIRLINE": "Sur", "KIND": "N", "MONTH": 7}
        instance[feature["name"]] = 13 if feature["name"] == "MONTH" else "never seen"
        answer = client.post(f"/v1/models/{model}/predict", json={"instances": [instance]})
        assert answer.status_code == (200 if policy == "count" else 422)


@pytest.mark.parametrize("model", ["delays", "counting", "total", "quotient", "colours", "grades", "fragile"])
def test_the_example_is_answered_where_the_description_says(client: TestClient, model: str) -> None:
    """Sending a description's example to its path gives that version's prediction."""
    described = client.get(f"/v1/models/{model}").json()
    answer = client.post(described["path"], json=described["example"])
    assert answer.status_code == 200
    assert (answer.json()["model"], answer.json()["version"]) == (model, described["version"])


@pytest.mark.parametrize("path", ["/v1/models/none", "/v1/models/delays/versions/9", "/v1/models/none/versions/1"])
def test_what_is_not_there_is_404_and_says_what_is(client: TestClient, path: str) -> None:
    """An unknown model or version is a problem that names those there are."""
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "delays/1, delays/2" in answer.json()["detail"]


def test_descriptions_follow_a_reload(make_application: Assemble, tmp_path: Path) -> None:
    """A version that a reload brings is listed and described at once."""
    packages.delays(tmp_path / "models")
    application = make_application(models_dir=str(tmp_path / "models"))
    with TestClient(application) as client:
        assert client.get("/v1/models/delays").json()["versions"] == ["1"]
        packages.delays(tmp_path / "models", version="2")
        application.service.load()
        assert client.get("/v1/models/delays").json()["versions"] == ["1", "2"]
        assert client.get("/v1/models").json()["models"][0]["version"] == "2"


@pytest.mark.parametrize("alias", ["health_route", "predict_route"])
def test_an_alias_answers_like_the_path_it_stands_for(make_application: Assemble, alias: str) -> None:
    """The paths that Vertex AI asks for are served and documented, whatever they are."""
    with TestClient(make_application(**{alias: "/of/its/own"})) as client:
        if alias == "health_route":
            answers = [client.get(path) for path in ("/health/ready", "/of/its/own")]
        else:
            body = {"instances": [{"AIRLINE": "Sur", "KIND": "N", "MONTH": 7}], "ids": ["mine"]}
            answers = [client.post(path, json=body) for path in ("/v1/predict", "/of/its/own")]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[0].content == answers[1].content
        assert "/of/its/own" in client.get("/openapi.json").json()["paths"]


def test_a_fault_of_ours_has_the_one_shape(
    client: TestClient, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes wrong inside a route is a 500 in the shape of every error, counted, with its request's id."""

    def fail(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("service.api.list_models", fail)
    answer = client.get("/v1/models", headers={"x-request-id": "mine"})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["title"], answer.json()["request_id"]) == ("Internal Server Error", "mine")
    assert "broken" not in answer.text
    registry = application.service.metrics.registry
    labels = {"method": "GET", "route": "/v1/models", "code": "500"}
    assert registry.get_sample_value("http_server_request_duration_seconds_count", labels) == 1
