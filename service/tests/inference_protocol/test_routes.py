"""The Open Inference Protocol is spoken as its clients expect: Triton's own is asked, against a real process."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput, InferResult
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from service.application import Application
from service.tests.conftest import Assemble
from service.tests.exposition import scrape
from service.tests.packages import AIRLINES, delay_probability

INFER = "/v2/models/delays/infer"
SIZE = "Inference-Header-Content-Length"
ROWS = [("Sur", "N", 7), ("Grupo Ñandú", "I", 1), ("Norte", "N", 12)]
PATIENCE = 30  # seconds; only a server that hangs takes them


@pytest.fixture
def client(application: Application) -> TestClient:
    """A client of an application that is ready, without a socket."""
    application.service.ready = True
    return TestClient(application, base_url="http://service.test")


def tensors(rows: Sequence[tuple[str, str, int]] = ROWS) -> dict[str, Any]:
    """A request for the model "delays" as JSON."""
    airlines, kinds, months = (list(column) for column in zip(*rows, strict=True))
    columns = {"AIRLINE": ("BYTES", airlines), "KIND": ("BYTES", kinds), "MONTH": ("INT64", months)}
    return {
        "inputs": [
            {"name": name, "datatype": datatype, "shape": [len(rows)], "data": data}
            for name, (datatype, data) in columns.items()
        ]
    }


def events(application: Application, tmp_path: Path) -> list[dict[str, Any]]:
    """The prediction log so far."""
    application.service.tick()
    lines = [line for path in (tmp_path / "events").iterdir() for line in path.read_text().splitlines()]
    return [json.loads(line) for line in lines]


def outputs(response: Any) -> dict[str, Any]:
    """The data of a response's outputs by name."""
    return {output["name"]: output["data"] for output in response.json()["outputs"]}


def test_server_metadata(client: TestClient) -> None:
    """Who this is and what it speaks, at both spellings of the path."""
    for path in ("/v2", "/v2/"):
        described = client.get(path).json()
        assert (described["name"], described["extensions"]) == ("puerta", ["binary_tensor_data"])
        assert described["version"]


def test_health(client: TestClient, application: Application) -> None:
    """Live and ready are told apart, as are a model that is there and one that is not."""
    model, version = "/v2/models/delays/ready", "/v2/models/delays/versions/1/ready"
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"live": True, "ready": True}
    assert client.get(model).json() == client.get(version).json() == {"name": "delays", "ready": True}
    for path in ("/v2/models/nothing/ready", "/v2/models/delays/versions/9/ready"):
        assert client.get(path).status_code == 404
    application.service.ready = False
    assert client.get("/v2/health/live").status_code == 200
    for path in ("/v2/health/ready", model, version):
        refused = client.get(path)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")


def test_model_metadata(client: TestClient) -> None:
    """The newest version without one; every version that may be asked for."""
    newest = client.get("/v2/models/delays").json()
    assert (newest["name"], newest["versions"], newest["platform"]) == ("delays", ["1", "2"], "onnx_onnxv1")
    assert newest["inputs"][2] == {"name": "MONTH", "datatype": "INT64", "shape": [-1]}
    assert newest["outputs"][2] == {"name": "probabilities", "datatype": "FP64", "shape": [-1, 2]}
    assert client.get("/v2/models/delays/versions/1").json() == newest
    assert client.get("/v2/models/delays/versions/3").status_code == 404


def test_inference(client: TestClient) -> None:
    """Labels, probabilities and identifiers, row by row; the request's identifier comes back."""
    response = client.post("/v2/models/delays/versions/1/infer", json=tensors() | {"id": "mine"})
    assert response.headers["content-type"] == "application/json"
    assert SIZE not in response.headers
    answer = response.json()
    assert (answer["model_name"], answer["model_version"], answer["id"]) == ("delays", "1", "mine")
    assert answer["parameters"] == {"request_id": response.headers["x-request-id"]}
    expected = [delay_probability(airline, month) for airline, _, month in ROWS]
    found = outputs(response)
    assert found["probability"] == expected
    assert found["label"] == [int(probability >= 0.5) for probability in expected]
    assert found["probabilities"] == [each for p in expected for each in (1 - p, p)]
    assert [output["shape"] for output in answer["outputs"]] == [[3], [3], [3, 2], [3]]


def test_binary_outputs(client: TestClient) -> None:
    """They follow the JSON, whose size the header tells; Triton's client reads them."""
    response = client.post(INFER, json=tensors() | {"parameters": {"binary_data_output": True}})
    assert response.headers["content-type"] == "application/octet-stream"
    size = int(response.headers[SIZE])
    assert json.loads(response.content[:size])["model_name"] == "delays"
    result = InferResult.from_response_body(response.content, header_length=size)
    assert result.as_numpy("probability").tolist() == [delay_probability(airline, month) for airline, _, month in ROWS]


def test_a_request_without_an_identifier_is_given_one(client: TestClient) -> None:
    """It is the one that the log knows the request by."""
    response = client.post(INFER, json=tensors(), headers={"x-request-id": "r-1"})
    assert response.json()["id"] == response.json()["parameters"]["request_id"] == "r-1"


def test_the_newest_version_answers(client: TestClient) -> None:
    """Version 2 has another threshold."""
    response = client.post(INFER, json=tensors([("Norte", "N", 1)]))
    assert (response.json()["model_version"], outputs(response)["label"]) == ("2", [1])
    older = client.post("/v2/models/delays/versions/1/infer", json=tensors([("Norte", "N", 1)]))
    assert outputs(older)["label"] == [0]


def test_predictions_are_those_of_v1(client: TestClient, application: Application, tmp_path: Path) -> None:
    """The same answers, the same events, the same counts."""
    instances = [dict(zip(("AIRLINE", "KIND", "MONTH"), row, strict=True)) for row in ROWS]
    plain = client.post("/v1/predict", json={"instances": instances}).json()["predictions"]
    found = outputs(client.post(INFER, json=tensors(), headers={"x-request-id": "v2"}))
    assert [prediction["label"] for prediction in plain] == found["label"]
    assert [prediction["probability"] for prediction in plain] == found["probability"]
    logged = events(application, tmp_path)
    assert [event["id"] for event in logged if event["request_id"] == "v2"] == found["id"]
    assert [event["features"] for event in logged] == instances * 2
    for one, other in zip(logged[:3], logged[3:], strict=True):
        assert {key for key in one if one[key] != other[key]} <= {"id", "request_id", "ts"}
    counted = scrape(application.service.metrics.registry).series("prediction_total")
    assert sum(counted.values()) == 6


def test_requests_are_measured_by_their_template(client: TestClient, application: Application) -> None:
    """Names of models don't become labels of metrics."""
    for path in (INFER, "/v2/models/nothing/infer"):
        client.post(path, json=tensors())
    measured = scrape(application.service.metrics.registry).series("http_server_request_duration_seconds_count")
    assert {dict(labels)["route"] for labels, count in measured.items() if count} == {"/v2/models/{model}/infer"}


def test_a_large_request_leaves_the_event_loop(make_application: Assemble) -> None:
    """What would keep others waiting is done in a worker thread, and answered alike."""
    application = make_application(inline_seconds=0.0)
    client = TestClient(application, base_url="http://service.test")
    assert outputs(client.post(INFER, json=tensors(ROWS * 300)))["label"] == [1, 1, 1] * 300
    assert client.post(INFER, json=tensors([("Nowhere", "N", 1)])).status_code == 422
    assert any(thread.name.startswith("predict") for thread in application.service.threads._threads)


def test_errors_satisfy_both_shapes(client: TestClient) -> None:
    """Problem details, and the protocol's own member beside; the other paths have no such member."""
    refused = client.post(INFER, json=tensors([("Sur", "N", 13)]))
    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
    problem = refused.json()
    assert problem["error"] == problem["detail"]
    assert problem["errors"][0]["pointer"] == "/inputs/2/data/0"
    assert problem["request_id"] == refused.headers["x-request-id"]
    for method, path, status in (
        ("GET", "/v2/models/nothing", 404),
        ("GET", "/v2/nothing", 404),
        ("GET", INFER, 405),
        ("POST", "/v2/models/nothing/infer", 404),
    ):
        refused = client.request(method, path)
        assert (refused.status_code, refused.json()["error"]) == (status, refused.json()["detail"])
    assert "error" not in client.get("/v1/nothing").json()


def test_a_body_too_large(make_application: Assemble) -> None:
    """The limit is that of every request."""
    client = TestClient(make_application(max_body_bytes=100), base_url="http://service.test")
    refused = client.post(INFER, json=tensors())
    assert (refused.status_code, refused.json()["error"]) == (413, refused.json()["detail"])


def test_too_many_rows(make_application: Assemble) -> None:
    """The limit is that of every request."""
    client = TestClient(make_application(max_instances=2), base_url="http://service.test")
    assert client.post(INFER, json=tensors(ROWS[:2])).status_code == 200
    (error,) = client.post(INFER, json=tensors()).json()["errors"]
    assert (error["pointer"], error["expected"]) == ("/inputs/0/shape", "1 to 2 rows")


@pytest.mark.parametrize("kind", ["application/json", "application/octet-stream", "Application/JSON; charset=utf-8"])
def test_content_types_of_clients(client: TestClient, kind: str) -> None:
    """Clients differ in what they say of the same bytes."""
    body = json.dumps(tensors())
    assert client.post(INFER, content=body, headers={"content-type": kind}).status_code == 200


@pytest.mark.parametrize("headers", [{"content-type": "text/plain"}, {"content-encoding": "gzip"}])
def test_other_contents(client: TestClient, headers: dict[str, str]) -> None:
    """Text is not JSON, and nothing is unpacked."""
    refused = client.post(INFER, content=json.dumps(tensors()), headers=headers)
    assert refused.status_code == 415
    assert "expected" in refused.json()["error"]


@pytest.mark.parametrize("size", ["-1", "", "ten", "1.0", "1e2", "0x10", "٣", "9" * 5000, "1, 2"])
def test_a_size_that_is_none(client: TestClient, size: str) -> None:
    """The header is a whole number."""
    headers = {SIZE.encode(): size.encode(), b"content-type": b"application/json"}
    refused = client.post(INFER, content=json.dumps(tensors()), headers=headers)
    assert refused.status_code == 400
    assert SIZE in refused.json()["error"]


@pytest.mark.parametrize("size", [0, 1, 10_000])
def test_a_size_that_is_wrong(client: TestClient, size: int) -> None:
    """A size beyond the body, or one that cuts the JSON."""
    refused = client.post(INFER, json=tensors(), headers={SIZE: str(size)})
    assert refused.status_code == 400


def test_what_is_refused_is_counted(client: TestClient, application: Application) -> None:
    """By the reasons of every request."""
    client.post(INFER, content=b"{", headers={"content-type": "application/json"})
    client.post(INFER, json=tensors([("Nowhere", "N", 1)]))
    client.post(INFER, json={"inputs": []})
    exposition = scrape(application.service.metrics.registry)
    for reason in ("malformed", "unseen_category", "invalid"):
        assert exposition.value("prediction_input_rejected_total", reason=reason) == 1
    assert exposition.value("prediction_unseen_category_total", feature="AIRLINE") == 1


def test_an_answer_that_is_not_finite(client: TestClient) -> None:
    """The input is at fault where the model has no number for it."""
    inputs = [{"name": "x", "datatype": "FP64", "shape": [1, 2], "data": [1, 0]}]
    refused = client.post("/v2/models/quotient/infer", json={"inputs": inputs})
    assert (refused.status_code, refused.json()["error"]) == (422, "the model has no finite answer for this input")


def test_the_document_tells(client: TestClient) -> None:
    """Every operation is in the OpenAPI document, both of an inference's media types too."""
    paths = client.get("/openapi.json").json()["paths"]
    names = {item["operationId"] for path, way in paths.items() if path.startswith("/v2") for item in way.values()}
    assert names == {
        "infer",
        "infer_with_version",
        "model_metadata",
        "model_ready",
        "server_live",
        "server_metadata",
        "server_ready",
        "version_metadata",
        "version_ready",
    }
    infer = paths["/v2/models/{model}/infer"]["post"]
    media = {"application/json", "application/octet-stream"}
    assert set(infer["requestBody"]["content"]) == set(infer["responses"]["200"]["content"]) == media
    assert "$defs" not in json.dumps(infer)


# Requests that are nearly right: each part is what it should be most of the time.
_SHAPE = st.sampled_from([[1], [1, 1], [2], [0], [], [2, 1], [1, 3], [2**63 - 1], [1, 2**62]])
_VALUES: st.SearchStrategy[Any] = st.sampled_from(
    ["Sur", "N", "7", "é", 7, 1, 0, -1, 7.0, 7.5, 1e300, 2**70, True, None, [], [7], ["N"], {}]
)
_INPUT = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["AIRLINE", "KIND", "MONTH", "weight", "steps", "heavy", "x", ""]),
        "shape": _SHAPE,
        "datatype": st.sampled_from(["BYTES", "INT64", "FP32", "FP64", "BOOL", "UINT64", "INT8", "FP16", "TEXT"]),
    },
    optional={
        "data": st.lists(_VALUES, max_size=3),
        "parameters": st.fixed_dictionaries({}, optional={"binary_data_size": st.integers(-1, 12)}),
    },
)
_REQUEST = st.fixed_dictionaries(
    {"inputs": st.lists(_INPUT, max_size=4)},
    optional={"outputs": st.lists(st.fixed_dictionaries({"name": st.sampled_from(["label", "id", "y"])}), max_size=2)},
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["delays", "total", "colours", "grades", "counting"]),
    st.one_of(_REQUEST.map(json.dumps).map(str.encode), st.binary(max_size=40)),
    st.binary(max_size=24),
    st.sampled_from(["exact", "none", "0", "7", "100000", "x"]),
)
def test_no_request_is_our_fault(client: TestClient, model: str, text: bytes, binary: bytes, size: str) -> None:
    """Whatever comes is answered, or refused in both shapes at once."""
    headers = {} if size == "none" else {SIZE: str(len(text)) if size == "exact" else size}
    response = client.post(f"/v2/models/{model}/infer", content=text + binary, headers=headers)
    assert response.status_code in {200, 400, 422}
    if response.status_code != 200:
        assert response.json()["error"] == response.json()["detail"]


@pytest.fixture(scope="module")
def url(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Host and port of ``python -m service``, a process of its own."""
    folder = tmp_path_factory.mktemp("process")
    ports = []
    for _ in range(2):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            ports.append(taken.getsockname()[1])
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "PUERTA_PORT": str(ports[0]),
        "PUERTA_METRICS_PORT": str(ports[1]),
        "PUERTA_MODELS_DIR": str(models_dir),
        "PUERTA_DEFAULT_MODEL": "delays",
        "PUERTA_EVENTS_DIR": str(folder / "events"),
        "PUERTA_LABELS_DIR": str(folder / "labels"),
        "PUERTA_DRAIN_SECONDS": "0",
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "service"], env=environment, stdout=log, stderr=log)
    try:
        until = time.monotonic() + PATIENCE
        while not _answers(ports[0]):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < until, "the service did not start"
            time.sleep(0.02)
        yield f"127.0.0.1:{ports[0]}"
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(PATIENCE)
    assert status == 0


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def triton(url: str) -> Iterator[InferenceServerClient]:
    """Triton's own client."""
    with InferenceServerClient(url) as client:
        yield client


def inputs(*, binary: bool, **arrays: Any) -> list[InferInput]:
    """Arrays as Triton's client takes them."""
    made = []
    for name, values in arrays.items():
        array = np.asarray(values, object) if isinstance(values, list) else values
        tensor = InferInput(name, array.shape, np_to_triton_dtype(array.dtype))
        made.append(tensor.set_data_from_numpy(array, binary_data=binary))
    return made


def flights(*, binary: bool, column: bool = False) -> list[InferInput]:
    """The rows as three inputs of shape [n] or [n, 1]."""
    airlines, kinds, months = zip(*ROWS, strict=True)
    arrays = {"AIRLINE": np.array(airlines, object), "KIND": np.array(kinds, object), "MONTH": np.array(months)}
    return inputs(binary=binary, **{k: v.reshape(-1, 1) if column else v for k, v in arrays.items()})


both_modes = pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])


@pytest.mark.platform
def test_triton_s_client_asks_for_health(triton: InferenceServerClient) -> None:
    """Server and models are ready; one that is not there is not."""
    assert triton.is_server_live()
    assert triton.is_server_ready()
    assert triton.is_model_ready("delays")
    assert triton.is_model_ready("delays", "1")
    assert not triton.is_model_ready("delays", "9")
    assert not triton.is_model_ready("nothing")


@pytest.mark.platform
def test_triton_s_client_asks_for_metadata(triton: InferenceServerClient) -> None:
    """The binary extension is announced, and a model's tensors."""
    assert triton.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    described = triton.get_model_metadata("colours", "1")
    assert [tensor["name"] for tensor in described["inputs"]] == ["red", "green", "blue"]
    assert described["outputs"][2] == {"name": "probabilities", "datatype": "FP64", "shape": [-1, 3]}


@pytest.mark.platform
@both_modes
@pytest.mark.parametrize("column", [False, True], ids=["[n]", "[n, 1]"])
def test_triton_s_client_predicts(triton: InferenceServerClient, *, binary: bool, column: bool) -> None:
    """An input for each feature, every output back, and the identifier."""
    result = triton.infer("delays", flights(binary=binary, column=column), model_version="1", request_id="mine")
    expected = [delay_probability(airline, month) for airline, _, month in ROWS]
    assert result.get_response()["id"] == "mine"
    assert result.as_numpy("label").tolist() == [int(probability >= 0.5) for probability in expected]
    assert result.as_numpy("probability").tolist() == expected
    assert result.as_numpy("probabilities").tolist() == [[1 - p, p] for p in expected]
    assert len({bytes(identifier) for identifier in result.as_numpy("id")}) == 3


@pytest.mark.platform
@both_modes
def test_triton_s_client_chooses_outputs(triton: InferenceServerClient, *, binary: bool) -> None:
    """Only what was asked for, in that order, each as it was asked for."""
    wanted = [InferRequestedOutput("probability", binary_data=binary), InferRequestedOutput("label", binary_data=False)]
    result = triton.infer("delays", flights(binary=True), outputs=wanted)
    described = result.get_response()["outputs"]
    assert [output["name"] for output in described] == ["probability", "label"]
    assert ["data" in output for output in described] == [not binary, True]
    assert result.as_numpy("probability").shape == result.as_numpy("label").shape == (3,)


@pytest.mark.platform
@both_modes
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int32, np.uint8])
def test_triton_s_client_sends_one_input(triton: InferenceServerClient, dtype: Any, *, binary: bool) -> None:
    """A wholly numeric model takes a matrix of any datatype, and answers text for labels."""
    matrix = np.array([[1, 0, 0], [0, 0, 1]], dtype)
    result = triton.infer("colours", inputs(binary=binary, **{"input-0": matrix}))
    assert result.as_numpy("label").tolist() == [b"red", b"blue"]
    np.testing.assert_array_equal(result.as_numpy("probabilities"), matrix)


@pytest.mark.platform
@both_modes
def test_triton_s_client_sends_truths_and_missing_numbers(triton: InferenceServerClient, *, binary: bool) -> None:
    """A regression over a number that may be missing, an integer and a truth."""
    weight = np.array([1.5, np.nan if binary else 0.0])
    arrays = {"weight": weight, "steps": np.array([2, -3], np.int8), "heavy": np.array([True, False])}
    result = triton.infer("total", inputs(binary=binary, **arrays))
    assert result.as_numpy("label").tolist() == [4.5, -3.0]
    assert result.as_numpy("label").dtype == np.float64


@pytest.mark.platform
@both_modes
def test_triton_s_client_sends_many_rows(triton: InferenceServerClient, *, binary: bool) -> None:
    """The most rows that there may be."""
    rows = {
        "AIRLINE": np.array(AIRLINES * 3_000 + AIRLINES[:1] * 1_000, object),
        "KIND": np.full(10_000, "N", object),
        "MONTH": np.full(10_000, 1),
    }
    result = triton.infer("delays", inputs(binary=binary, **rows))
    expected = [delay_probability(airline, 1) for airline in AIRLINES] * 3_000
    assert result.as_numpy("probability")[:9_000].tolist() == expected


@pytest.mark.platform
def test_triton_s_client_works_asynchronously(triton: InferenceServerClient) -> None:
    """Requests in flight at once are answered each for itself."""
    waiting = [triton.async_infer("delays", flights(binary=True), request_id=str(number)) for number in range(8)]
    results: list[InferResult] = [one.get_result() for one in waiting]
    assert [result.get_response()["id"] for result in results] == [str(number) for number in range(8)]


@pytest.mark.platform
def test_triton_s_client_shows_our_words(triton: InferenceServerClient) -> None:
    """Its exception carries the status and the text of the problem."""
    wrong = inputs(binary=True, AIRLINE=["Nowhere"], KIND=["N"], MONTH=np.array([1]))
    with pytest.raises(InferenceServerException) as refused:
        triton.infer("delays", wrong)
    assert refused.value.status() == "422"
    assert refused.value.message().startswith('/inputs/0/data/0: \'Nowhere\' came, expected one of "Norte", "Sur"')
    with pytest.raises(InferenceServerException, match="there is no model 'nothing'"):
        triton.infer("nothing", wrong)
    with pytest.raises(InferenceServerException, match="expected an input 'MONTH'"):
        triton.infer("delays", wrong[:2])
    with pytest.raises(InferenceServerException, match="content-encoding: 'gzip' came, expected none"):
        triton.infer("delays", wrong, request_compression_algorithm="gzip")
