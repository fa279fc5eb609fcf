"""The OpenAPI document is whole and true: it says what the service does, and the service does what it says."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.testclient import TestClient

from service import __main__ as program
from service.application import Application
from service.invalid_input import InvalidInput
from service.model import Model
from service.tests import packages
from service.tests.conftest import Assemble, Start

_TESTS = Path(__file__).parents[1]
_ROOT = _TESTS.parents[1]
_PUBLIC = {"home", "docs", "docs_asset", "openapi", "health_live", "health_ready"}


@pytest.fixture
def document(application: Application) -> Any:
    """The document over every test package."""
    return application.api.openapi()


@pytest.fixture
def client(application: Application) -> Iterator[TestClient]:
    """Asks an application without a server."""
    with TestClient(application) as client:
        yield client


def _operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def _resolve(node: Any, document: Any) -> Any:
    """What a reference stands for."""
    while "$ref" in node:
        section, name = node["$ref"].removeprefix("#/components/").split("/")
        node = document["components"][section][name]
    return node


def _errors(value: Any, schema: Any, document: Any) -> list[str]:
    """What is wrong with a value by a schema of the document."""
    validator = Draft202012Validator({"components": document["components"], "allOf": [schema]})
    return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(value)]


def _media(node: Any) -> Iterator[Any]:
    """Every media type object below a node."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "content" and isinstance(value, dict):
                yield from value.values()
            yield from _media(value)
    elif isinstance(node, list):
        for value in node:
            yield from _media(value)


def test_the_document_is_valid(document: Any) -> None:
    """It is OpenAPI 3.1, by the specification's own schema, with no reference into nothing."""
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1")
    for name in re.findall(r'"\$ref": "#/components/([^"]+)"', json.dumps(document)):
        section, _, component = name.partition("/")
        assert component in document["components"][section]


def test_a_service_without_models_has_a_valid_document(make_application: Assemble, tmp_path: Path) -> None:
    """Nothing to serve is nothing wrong with the document."""
    (tmp_path / "empty").mkdir()
    document = make_application(models_dir=str(tmp_path / "empty")).api.openapi()
    OpenAPIV31SpecValidator(document).validate()


def test_every_operation_is_explained(document: Any) -> None:
    """A short name of its own, a summary, a description, a tag that is described, and an answer with a schema."""
    tags = {tag["name"] for tag in document["tags"]}
    names = [operation["operationId"] for _, _, operation in _operations(document)]
    assert len(names) == len(set(names))
    for path, _, operation in _operations(document):
        assert re.fullmatch(r"[a-z0-9_]{2,30}", operation["operationId"]), path
        assert operation["summary"], path
        assert operation["description"].endswith("."), path
        assert set(operation["tags"]) <= tags, path
        assert operation["responses"]["200"]["content"], path
        assert "x-request-id" in operation["responses"]["200"]["headers"], path


def test_every_field_is_explained(document: Any) -> None:
    """No field of an answer or an error is left without words."""
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        assert schema.get("title") or schema.get("description"), name
        if not re.match(r"(Instance|Row)\.", name):  # a feature's name says what it is
            for field, words in schema.get("properties", {}).items():
                assert words.get("description"), f"{name}.{field}"


def test_every_operation_documents_its_errors(document: Any) -> None:
    """Errors have the one shape and an example; a wait has Retry-After; what needs a key may lack it."""
    for path, method, operation in _operations(document):
        expected = {"500", "503", "504"}
        if operation["operationId"] not in _PUBLIC:
            expected |= {"400", "401", "403", "429"}
        if method == "post":
            expected |= {"400", "408", "413", "415", "422", "429"}
        if "{" in path:
            expected |= {"404"}
        assert set(operation["responses"]) == expected | {"200"}, path
        for status in expected:
            response = _resolve(operation["responses"][status], document)
            for kind, media in response["content"].items():
                schema = {"application/problem+json": "ProblemDetails", "application/json": "GatewayRefusal"}[kind]
                assert media["schema"] == {"$ref": f"#/components/schemas/{schema}"}
                assert media.get("example") or media.get("examples"), (path, status)
        for status in expected & {"429", "503"} if method == "post" else {"503"}:
            assert "retry-after" in _resolve(operation["responses"][status], document)["headers"]
    assert "allow" in document["components"]["responses"]["MethodNotAllowed"]["headers"]


def test_only_pages_and_health_are_public(document: Any) -> None:
    """Every operation wants the key but for those that everybody may have."""
    assert document["security"] == [{"ApiKey": []}]
    assert document["components"]["securitySchemes"]["ApiKey"]["name"] == "x-api-key"
    public = {operation["operationId"] for _, _, operation in _operations(document) if operation.get("security") == []}
    assert public == _PUBLIC


def test_every_example_fits_its_schema(document: Any) -> None:
    """An example that does not fit would be a lie."""
    found = 0
    for media in _media(document):
        values = [example["value"] for example in media.get("examples", {}).values()]
        for value in [*values, *([media["example"]] if "example" in media else [])]:
            assert not _errors(value, media["schema"], document)
            found += 1
    assert found > 40


def test_every_example_of_a_request_is_answered_as_documented(client: TestClient, document: Any) -> None:
    """Each named request, sent to the model that it names, gets an answer of the documented shape."""
    examples = document["paths"]["/v1/models/{model}/versions/{version}/predict"]["post"]["requestBody"]["content"]
    left = {
        (model["name"], version) for model in client.get("/v1/models").json()["models"] for version in model["versions"]
    }
    for name, example in examples["application/json"]["examples"].items():
        model, version, _ = name.split(".")
        answer = client.post(f"/v1/models/{model}/versions/{version}/predict", json=example["value"])
        assert answer.status_code == 200, name
        assert not _errors(answer.json(), {"$ref": "#/components/schemas/Predictions"}, document)
        assert len(answer.json()["predictions"]) == len(example["value"]["instances"])
        left.discard((model, version))
    assert not left


def test_the_example_of_an_answer_is_the_models_own(client: TestClient, document: Any) -> None:
    """The documented answer is what the documented request gets, but for its id and the last digits."""
    operation = document["paths"]["/v1/predict"]["post"]
    request = operation["requestBody"]["content"]["application/json"]["examples"]["delays.2.object"]["value"]
    told = operation["responses"]["200"]["content"]["application/json"]["example"]
    answer = client.post("/v1/predict", json=request).json()
    assert (told["model"], told["version"]) == (answer["model"], answer["version"])
    (one,), (other,) = told["predictions"], answer["predictions"]
    assert one["label"] == other["label"]
    assert one["probability"] == pytest.approx(other["probability"], abs=0.0005)


def test_every_get_answers_in_its_documented_shape(client: TestClient, document: Any) -> None:
    """What the document says of an answer's type and content holds."""
    for path, method, operation in _operations(document):
        if method == "get":
            filled = path
            for parameter in operation.get("parameters", ()):
                if parameter.get("in") == "path":
                    filled = filled.replace(f"{{{parameter['name']}}}", parameter["schema"]["enum"][0])
            answer = client.get(filled)
            kind = answer.headers["content-type"].split(";")[0]
            content = operation["responses"]["200"]["content"]
            assert answer.status_code == 200, filled
            assert kind in content, filled
            if kind == "application/json":
                assert not _errors(answer.json(), content[kind].get("schema", {}), document), filled


def test_the_document_follows_a_reload(make_application: Assemble, tmp_path: Path) -> None:
    """A model that comes or goes changes the document that is served, at once."""
    packages.delays(tmp_path / "models")
    application = make_application(models_dir=str(tmp_path / "models"))
    with TestClient(application) as client:
        before = client.get("/openapi.json").json()
        assert before == client.get("/openapi.json").json()
        packages.total(tmp_path / "models")
        application.service.load()
        after = client.get("/openapi.json").json()
    assert "Instance.total.1" not in before["components"]["schemas"]
    assert "Instance.total.1" in after["components"]["schemas"]
    (model,) = (p for p in after["paths"]["/v1/models/{model}"]["get"]["parameters"] if p.get("name") == "model")
    assert model["schema"]["enum"] == ["delays", "total"]


def test_another_method_is_405_with_allow(client: TestClient, document: Any) -> None:
    """A documented path answers another method with the methods that it has, in the documented shape."""
    for path, item in document["paths"].items():
        answer = client.request("DELETE", path)
        assert answer.status_code == 405, path
        assert answer.headers["allow"].lower().split(", ") == list(item), path
        assert not _errors(answer.json(), {"$ref": "#/components/schemas/ProblemDetails"}, document)


_VALUES = st.one_of(
    st.sampled_from([*packages.AIRLINES, "I", "N", "low", "high", "", "never seen", "7"]),
    st.integers(-(2**60), 2**60),
    st.integers(-12, 14),
    st.integers(-12, 14).map(float),
    st.floats(allow_nan=False, allow_infinity=False),
    st.none() | st.booleans(),
    st.just([]) | st.just({}),
)


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
def test_what_fits_the_schema_is_what_is_accepted(application: Application, document: Any, data: st.DataObject) -> None:
    """An instance of any shape is decoded exactly where the document's schema has it."""
    models = {f"{model.name}.{model.version}": model for model in application.service.registry}
    name = data.draw(st.sampled_from(sorted(models)))
    model = models[name]
    names = [feature.name for feature in model.manifest.features]
    rows = st.lists(_VALUES, min_size=len(names) - 1, max_size=len(names) + 1)
    objects = st.dictionaries(st.sampled_from([*names, "other"]), _VALUES, min_size=len(names) - 1)
    whole = st.fixed_dictionaries(dict.fromkeys(names, _VALUES))
    example = st.just(model.manifest.example)
    mixed = st.tuples(example, whole, st.sets(st.sampled_from(names), max_size=1)).map(
        lambda parts: {key: (parts[1] if key in parts[2] else parts[0])[key] for key in names}
    )
    instance = data.draw(mixed | rows | objects | mixed.map(lambda row: list(row.values())))
    body = {"instances": [instance]}
    schema = {"$ref": f"#/components/schemas/PredictRequest.{name}"}
    assert _is_decoded(model, body) == (not _errors(body, schema, document))


def _is_decoded(model: Model, body: Any) -> bool:
    try:
        model.schema.decode(json.dumps(body).encode())
    except InvalidInput:
        return False
    return True


def test_the_command_prints_the_document(
    models_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``python -m service openapi`` prints the same valid document every time, and leaves nothing behind."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PUERTA_MODELS_DIR", str(models_dir))
    printed = []
    for _ in range(2):
        assert program.main(["openapi"]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    OpenAPIV31SpecValidator(json.loads(printed[0])).validate()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.platform
@pytest.mark.slow
def test_schemathesis_finds_nothing(start: Start, tmp_path: Path) -> None:
    """Good and bad requests that are made from the document get documented answers, and no 5xx, over real HTTP."""
    models = tmp_path / "models"
    for make in (packages.total, packages.grades):  # every kind of feature, in two models
        make(models)
    server = start(models_dir=str(models), default_model="grades")
    command = [Path(sys.executable).with_name("st"), "--config-file", _TESTS / "schemathesis.toml", "run"]
    address = f"http://127.0.0.1:{server.port}/openapi.json"
    environment = os.environ | {"PYTHONPATH": str(_ROOT), "NO_COLOR": "1", "COLUMNS": "200"}
    run = subprocess.run(
        [*map(str, command), address],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
