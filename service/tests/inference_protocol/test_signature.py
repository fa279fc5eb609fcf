"""Tensors become the instances that a model takes, and its answers tensors; what fits no model is refused by place."""

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from msgspec.structs import asdict

from service.application import Application
from service.inference_protocol.message import decode
from service.inference_protocol.signature import Signature
from service.invalid_input import InvalidInput
from service.prediction import Result
from service.problem import FieldError, Problem
from service.schema import Batch

Find: TypeAlias = Callable[[str], Signature]
DELAYS: dict[str, tuple[str, list[Any]]] = {
    "AIRLINE": ("BYTES", ["Sur", "Norte"]),
    "KIND": ("BYTES", ["N", "I"]),
    "MONTH": ("INT64", [7, 1]),
}


@pytest.fixture
def find(application: Application) -> Find:
    """Signatures by the model's name."""
    return lambda name: Signature(application.service.registry.find(name, None))


def tensor(name: str, datatype: str, data: list[Any], shape: list[int] | None = None) -> dict[str, Any]:
    """An input as JSON."""
    return {"name": name, "datatype": datatype, "shape": shape or [len(data)], "data": data}


def delays(**replaced: tuple[str, list[Any]]) -> list[dict[str, Any]]:
    """Inputs of two rows of the model "delays", some of them replaced."""
    return [tensor(name, *value) for name, value in (DELAYS | replaced).items()]


def batch(signature: Signature, inputs: list[dict[str, Any]]) -> Batch:
    """The instances that inputs hold."""
    return signature.batch(decode(json.dumps({"inputs": inputs}).encode(), None)[1])


def rows(signature: Signature, inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The instances that inputs hold, as plain data."""
    return [asdict(row) for row in batch(signature, inputs).rows]


def refusals(signature: Signature, inputs: list[dict[str, Any]]) -> list[FieldError]:
    """What is wrong with inputs."""
    with pytest.raises(Problem) as refused:
        batch(signature, inputs)
    assert refused.value.status == 422
    return list(refused.value.errors)


def values(row: dict[str, Any]) -> list[Any]:
    """A row's values in order."""
    return list(row.values())


def test_inputs_are_the_features(find: Find) -> None:
    """Each is announced with the datatype that holds all of its values."""
    described = {name: [(t.name, t.datatype, t.shape) for t in find(name).inputs] for name in ("delays", "total")}
    assert described["delays"] == [("AIRLINE", "BYTES", (-1,)), ("KIND", "BYTES", (-1,)), ("MONTH", "INT64", (-1,))]
    assert described["total"] == [("weight", "FP64", (-1,)), ("steps", "INT64", (-1,)), ("heavy", "BOOL", (-1,))]


@pytest.mark.parametrize(
    ("model", "outputs"),
    [
        ("delays", {"label": ("INT64", ()), "probability": ("FP64", ()), "probabilities": ("FP64", (2,))}),
        ("colours", {"label": ("BYTES", ()), "probability": ("FP64", ()), "probabilities": ("FP64", (3,))}),
        ("grades", {"label": ("BYTES", ())}),
        ("total", {"label": ("FP64", ())}),
    ],
)
def test_outputs_are_what_the_model_gives(find: Find, model: str, outputs: dict[str, Any]) -> None:
    """The label first; probabilities where there are some; the predictions' identifiers always."""
    described = {output.name: (output.datatype, output.shape) for output in find(model).outputs}
    expected = {name: (datatype, (-1, *rest)) for name, (datatype, rest) in outputs.items()}
    assert described == expected | {"id": ("BYTES", (-1,))}
    assert next(iter(described)) == "label"


@pytest.mark.parametrize("model", ["delays", "counting", "total", "colours", "grades", "quotient", "fragile"])
def test_every_model_takes_its_example(find: Find, application: Application, model: str) -> None:
    """The example of a request is one."""
    (row,) = rows(find(model), find(model).example()["inputs"])
    example = application.service.registry.find(model, None).manifest.example
    assert values(row) == list(example.values())


def test_an_input_for_each_feature(find: Find) -> None:
    """In any order, as columns or as matrices of one column, nested or flat."""
    expected = [["Sur", "N", 7], ["Norte", "I", 1]]
    assert [values(row) for row in rows(find("delays"), delays()[::-1])] == expected
    nested = [tensor(name, kind, [[value] for value in data], [2, 1]) for name, (kind, data) in DELAYS.items()]
    assert [values(row) for row in rows(find("delays"), nested)] == expected
    flat = [tensor(name, kind, data, [2, 1]) for name, (kind, data) in DELAYS.items()]
    assert [values(row) for row in rows(find("delays"), flat)] == expected


@pytest.mark.parametrize("datatype", ["INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32", "UINT64", "FP32", "FP64"])
def test_whole_numbers_of_any_datatype(find: Find, datatype: str) -> None:
    """A category or an integer is one, whatever the client's arrays are of."""
    (row, _) = rows(find("delays"), delays(MONTH=(datatype, [7, 1])))
    assert values(row) == ["Sur", "N", 7]
    assert type(values(row)[-1]) is int
    heavy = tensor("heavy", "BOOL", [True])
    (row,) = rows(find("total"), [tensor("weight", datatype, [1]), tensor("steps", datatype, [2]), heavy])
    assert values(row) == [1.0, 2, True]


def test_one_input_for_all_features(find: Find) -> None:
    """Where one datatype suits every feature: in their order, by any name, nested or flat."""
    for data in ([0.25, 0.5, 0.25, 1, 0, 0], [[0.25, 0.5, 0.25], [1, 0, 0]]):
        taken = rows(find("colours"), [tensor("input-0", "FP32", data, [2, 3])])
        assert [values(row) for row in taken] == [[0.25, 0.5, 0.25], [1, 0, 0]]
    (row,) = rows(find("total"), [tensor("x", "FP64", [1.5, -3, 1], [1, 3])])
    assert values(row) == [1.5, -3, True]
    assert [type(value) for value in values(row)] == [float, int, bool]
    (row,) = rows(find("fragile"), [tensor("x", "BYTES", ["worn"], [1, 1])])
    assert values(row) == ["worn"]


def test_a_missing_number(find: Find) -> None:
    """NaN, in JSON null, where the feature may be missing; nowhere else."""
    (row,) = rows(find("total"), [tensor("x", "FP64", [None, 0, 0], [1, 3])])
    assert values(row) == [None, 0, False]
    text = json.dumps(
        {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3], "parameters": {"binary_data_size": 12}}]}
    )
    nan = b"\x00\x00\xc0\x7f"
    _, tensors = decode(text.encode() + nan + bytes(8), len(text))
    assert values(asdict(find("total").batch(tensors).rows[0])) == [None, 0, False]
    _, tensors = decode(text.encode() + bytes(4) + nan + bytes(4), len(text))
    with pytest.raises(Problem) as refused:
        find("total").batch(tensors)
    (error,) = refused.value.errors
    assert (error.pointer, error.field, error.received) == ("/inputs/0/data/1", "steps", "nan")


def test_elements_are_named_by_place(find: Find) -> None:
    """The schema's own errors point into the request that came."""
    wrong = delays(AIRLINE=("BYTES", ["Sur", "Nowhere"]), MONTH=("INT64", [13, 1]))
    errors = [(error.pointer, error.field, error.received) for error in refusals(find("delays"), wrong)]
    assert errors == [("/inputs/2/data/0", "MONTH", 13), ("/inputs/0/data/1", "AIRLINE", "Nowhere")]
    nested = [*delays()[:2], tensor("MONTH", "FP64", [[7], [7.5]], [2, 1])]
    (error,) = refusals(find("delays"), nested)
    assert (error.pointer, error.received) == ("/inputs/2/data/1/0", 7.5)
    (error,) = refusals(find("total"), [tensor("x", "FP64", [1, 2, 0, 1, 11, 1], [2, 3])])
    assert (error.pointer, error.field, error.received) == ("/inputs/0/data/4", "steps", 11)
    (error,) = refusals(find("total"), [tensor("x", "FP64", [[1, 2, 0], [1, 2, 3]], [2, 3])])
    assert (error.pointer, error.field, error.received) == ("/inputs/0/data/1/2", "heavy", 3)


def test_a_category_never_seen_is_refused_as_one(find: Find) -> None:
    """The reason and the counts are those of any other request; a model that counts takes it."""
    unseen = delays(AIRLINE=("BYTES", ["Sur", "Nowhere"]))
    with pytest.raises(InvalidInput) as refused:
        batch(find("delays"), unseen)
    assert (refused.value.reason, dict(refused.value.unseen)) == ("unseen_category", {"AIRLINE": 1})
    assert dict(batch(find("counting"), unseen).unseen) == {"AIRLINE": 1}


@pytest.mark.parametrize(
    ("inputs", "pointer", "field"),
    [
        (delays()[:2], "/inputs", "MONTH"),
        ([*delays(), tensor("AIRLINES", "BYTES", ["a", "b"])], "/inputs/3/name", "AIRLINES"),
        ([*delays(), tensor("KIND", "BYTES", ["N", "N"])], "/inputs/1/name", "KIND"),
        (delays(MONTH=("BYTES", ["7", "1"])), "/inputs/2/datatype", "MONTH"),
        (delays(MONTH=("BOOL", [True, True])), "/inputs/2/datatype", "MONTH"),
        (delays(KIND=("INT64", [1, 2])), "/inputs/1/datatype", "KIND"),
        (delays(KIND=("BYTES", ["N"])), "/inputs/1/shape", "KIND"),
        ([*delays()[:2], tensor("MONTH", "INT64", [7, 1], [1, 2])], "/inputs/2/shape", "MONTH"),
        ([*delays()[:2], tensor("MONTH", "INT64", [7, 1], [2, 1, 1])], "/inputs/2/shape", "MONTH"),
        ([tensor("AIRLINE", "BYTES", ["Sur", "Sur"], [1, 2]), *delays()[1:]], "/inputs/0/shape", "AIRLINE"),
        ([*delays()[:2], tensor("MONTH", "INT64", [7], [2])], "/inputs/2/data", "MONTH"),
    ],
)
def test_inputs_that_do_not_fit(find: Find, inputs: list[dict[str, Any]], pointer: str, field: str) -> None:
    """Unknown, missing, twice, of another datatype, of another shape: each is named."""
    assert (pointer, field) in [(error.pointer, error.field) for error in refusals(find("delays"), inputs)]


def test_a_tensor_of_no_dimension(find: Find) -> None:
    """A single value is no column."""
    inputs = [tensor(name, kind, data[:1]) | {"shape": []} for name, (kind, data) in DELAYS.items()]
    assert [error.pointer for error in refusals(find("delays"), inputs)] == [f"/inputs/{i}/shape" for i in range(3)]


@pytest.mark.parametrize(
    ("model", "input_", "pointer", "expected"),
    [
        ("colours", tensor("x", "FP32", [1, 0], [1, 2]), "/inputs/0/shape", "[n, 3]: every feature, in order"),
        ("colours", tensor("x", "BYTES", ["1", "0", "0"], [1, 3]), "/inputs/0/datatype", "one of INT8"),
        ("colours", tensor("x", "FP32", [1, 0, 0], [3]), "/inputs/0/name", "or a single input [n, 3] for all of them"),
        ("delays", tensor("x", "BYTES", ["Sur", "N", "7"], [1, 3]), "/inputs/0/name", "one of AIRLINE, KIND, MONTH"),
        ("total", tensor("x", "BOOL", [True, True, True], [1, 3]), "/inputs/0/datatype", "one of INT8"),
    ],
)
def test_one_input_that_does_not_fit(
    find: Find, model: str, input_: dict[str, Any], pointer: str, expected: str
) -> None:
    """What would fit is said: one input for all features only where that is possible."""
    error = refusals(find(model), [input_])[0]
    assert error.pointer == pointer
    assert expected in error.expected
    assert ("single input" in error.expected) == (model != "delays" and pointer.endswith("name"))


@pytest.mark.parametrize(("rows_", "data"), [(0, []), (10_001, [0.0])])
def test_too_few_or_too_many_rows(find: Find, rows_: int, data: list[float]) -> None:
    """They are counted by the shape, before the data is looked at."""
    with pytest.raises(Problem) as refused:
        batch(find("colours"), [{"name": "x", "datatype": "FP32", "shape": [rows_, 3], "data": data}])
    (error,) = refused.value.errors
    assert (error.pointer, error.received, error.expected) == ("/inputs/0/shape", f"{rows_} rows", "1 to 10000 rows")
    assert refused.value.reason == "batch_size"


def test_no_inputs(find: Find) -> None:
    """Every feature is missed."""
    assert [error.field for error in refusals(find("delays"), [])] == ["AIRLINE", "KIND", "MONTH"]


def test_a_thousand_wrong_inputs(find: Find) -> None:
    """They are not explained a thousand times."""
    errors = refusals(find("delays"), [tensor("x", "BYTES", ["a"])] * 1000)
    assert [error.pointer for error in errors] == [f"/inputs/{index}/name" for index in range(20)]


def requested(signature: Signature, **request: Any) -> list[tuple[str, bool]]:
    """The outputs that a request wants."""
    text = json.dumps({"inputs": []} | request).encode()
    return signature.requested(decode(text, None)[0])


def test_requested_outputs(find: Find) -> None:
    """All of them where none is named, else those that are, in that order; as binary where that is said."""
    signature = find("delays")
    names = [output.name for output in signature.outputs]
    assert requested(signature) == [(name, False) for name in names]
    assert requested(signature, outputs=[]) == [(name, False) for name in names]
    assert requested(signature, parameters={"binary_data_output": True}) == [(name, True) for name in names]
    wanted = [{"name": "id", "parameters": {"binary_data": False}}, {"name": "label"}]
    assert requested(signature, outputs=wanted) == [("id", False), ("label", False)]
    both = requested(signature, outputs=wanted, parameters={"binary_data_output": True})
    assert both == [("id", False), ("label", True)]


@pytest.mark.parametrize(
    ("outputs", "pointer"),
    [
        ([{"name": "labels"}], "/outputs/0/name"),
        ([{"name": "label"}, {"name": "label"}], "/outputs/1/name"),
        ([{"name": "label", "parameters": {"classification": 2}}], "/outputs/0/parameters/classification"),
        (
            [{"name": "label", "parameters": {"shared_memory_region": "r"}}],
            "/outputs/0/parameters/shared_memory_region",
        ),
        ([{"name": "labels"}] * 1000, "/outputs/0/name"),
    ],
)
def test_outputs_that_are_not_there(find: Find, outputs: list[Any], pointer: str) -> None:
    """Unknown, twice, or in a way that another server has: said before anything is predicted."""
    with pytest.raises(Problem) as refused:
        requested(find("delays"), outputs=outputs)
    assert refused.value.errors[0].pointer == pointer
    assert len(refused.value.errors) <= 20


def test_outputs_of_a_result(find: Find, application: Application) -> None:
    """Shapes, and the elements row by row."""
    model = application.service.registry.find("colours", None)
    signature = find("colours")
    output = model.run(None, batch(signature, [tensor("x", "FP64", [0.25, 0.5, 0.25, 1, 0, 0], [2, 3])]).numbers)
    scores = model.scores(output)
    result = Result(["a", "b"], scores.labels, scores.probabilities, output, 0)
    assert signature.output("label", result)[1:] == ("BYTES", [2], ["green", "red"])
    assert signature.output("probability", result)[1:] == ("FP64", [2], [0.5, 1.0])
    assert signature.output("probabilities", result)[1:] == ("FP64", [2, 3], [0.25, 0.5, 0.25, 1, 0, 0])
    assert signature.output("id", result)[1:] == ("BYTES", [2], ["a", "b"])
