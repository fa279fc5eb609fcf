"""What a model takes is taken, what it does not take is explained field by field, and nothing else ever happens."""

import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_files.manifest import Feature
from service.invalid_input import MAX_ERRORS, InvalidInput
from service.problem import Problem
from service.schema import Batch, Schema, stack
from service.tests.packages import manifest_of

AIRLINE = Feature("AIRLINE", "categorical", ("Norte", "Sur"))
MONTH = Feature("MONTH", "categorical", (1, 2, 3), calendar="month")
WEIGHT = Feature("weight", "number", nullable=True)
STEPS = Feature("steps", "integer", range=(-10, 10))
HEAVY = Feature("heavy", "boolean")
FEATURES = (AIRLINE, MONTH, WEIGHT, STEPS, HEAVY)
GOOD = {"AIRLINE": "Sur", "MONTH": 2, "weight": 1.5, "steps": 7, "heavy": True}
ROW = list(GOOD.values())


def make(*features: Feature, unseen: str = "reject", max_instances: int = 100) -> Schema:
    """A schema of some features, by default of every kind of them."""
    return Schema(manifest_of(features=features or FEATURES, unseen=unseen), max_instances=max_instances)


def as_array(instance: dict[str, Any]) -> list[Any]:
    """An instance as an array in feature order."""
    return [instance[name] for name in GOOD]


def meaning(batch: Batch) -> dict[str, Any]:
    """A batch in plain values: what it says, however it is held; NaN as None."""
    codes, numbers = stack([batch])
    return {
        "rows": [msgspec.to_builtins(row) for row in batch.rows],
        "ids": batch.ids,
        "codes": None if codes is None else codes.tolist(),
        "numbers": None
        if numbers is None
        else [[None if math.isnan(number) else number for number in row] for row in numbers.tolist()],
        "unseen": dict(batch.unseen),
    }


def understood(schema: Schema, *instances: object, **fields: object) -> dict[str, Any]:
    """What a schema makes of instances."""
    return meaning(schema.decode(json.dumps({"instances": instances, **fields}).encode()))


def refusal(schema: Schema, body: bytes) -> Problem:
    """The problem of a body; its document is JSON."""
    with pytest.raises(Problem) as refused:
        schema.decode(body)
    json.loads(refused.value.body("r-1"))
    return refused.value


def changed(**values: object) -> bytes:
    """A good request for one instance, but for some values."""
    return json.dumps({"instances": [GOOD | values]}).encode()


def test_an_instance_becomes_what_the_graph_takes() -> None:
    """Codes are indexes in the manifest's order, numbers float32, a truth 0 or 1, and the row is kept for the log."""
    assert understood(make(), GOOD) == {
        "rows": [GOOD],
        "ids": None,
        "codes": [[1, 1]],
        "numbers": [[1.5, 7.0, 1.0]],
        "unseen": {},
    }


def test_a_graph_without_one_of_its_inputs() -> None:
    """Only categories, or only numbers: the other array is absent."""
    assert understood(make(AIRLINE), ["Sur"])["numbers"] is None
    assert understood(make(STEPS), [1], [2])["codes"] is None


def test_the_arrays_are_what_onnxruntime_takes() -> None:
    """int64 and float32, contiguous, a row an instance."""
    for count in (1, 3):
        codes, numbers = stack([make().decode(json.dumps({"instances": [GOOD] * count}).encode())])
        assert codes is not None
        assert numbers is not None
        assert (codes.dtype.name, codes.shape, codes.flags.c_contiguous) == ("int64", (count, 2), True)
        assert (numbers.dtype.name, numbers.shape, numbers.flags.c_contiguous) == ("float32", (count, 3), True)


INSTANCES = st.fixed_dictionaries(
    {
        "AIRLINE": st.sampled_from(["Norte", "Sur"]),
        "MONTH": st.sampled_from([1, 2, 3]),
        "weight": st.one_of(st.none(), st.floats(width=32, allow_nan=False, allow_infinity=False)),
        "steps": st.integers(-10, 10),
        "heavy": st.booleans(),
    }
)


@given(st.lists(INSTANCES, min_size=1, max_size=5), st.data())
def test_objects_and_arrays_mean_the_same(instances: list[dict[str, Any]], data: st.DataObject) -> None:
    """However instances are written, mixed in one request too; the order of an object's names does not matter."""
    written = [data.draw(st.sampled_from([one, as_array(one), dict(reversed(list(one.items())))])) for one in instances]
    assert understood(make(), *written) == understood(make(), *instances)


@given(st.lists(INSTANCES, min_size=1, max_size=4), st.data())
def test_one_by_one_is_together(instances: list[dict[str, Any]], data: st.DataObject) -> None:
    """Requests stacked for one run of the model hold the rows of each, in order."""
    cut = sorted(data.draw(st.sets(st.integers(1, len(instances) - 1)))) if len(instances) > 1 else []
    parts = [instances[start:end] for start, end in zip([0, *cut], [*cut, len(instances)], strict=True)]
    batches = [make().decode(json.dumps({"instances": part}).encode()) for part in parts]
    codes, numbers = stack(batches)
    together = understood(make(), *instances)
    assert codes is not None
    assert numbers is not None
    assert codes.tolist() == together["codes"]
    assert [[None if math.isnan(n) else n for n in row] for row in numbers.tolist()] == together["numbers"]


def test_a_whole_number_by_any_spelling() -> None:
    """JSON has one kind of number: 7.0 and 7 are alike, and 1 is a number; the log says 7 each time."""
    schema = make()
    plain = understood(schema, GOOD | {"weight": 2.0})
    for spelled in (
        '{"AIRLINE": "Sur", "MONTH": 2.0, "weight": 2, "steps": 7.0, "heavy": true}',
        '["Sur", 2, 2, 7.0, true]',
        '["Sur", 0.2e1, 2.0, 7e0, true]',
        '["Sur", 20E-1, 2e0, 70e-1, true]',
    ):
        got = meaning(schema.decode(b'{"instances": [' + spelled.encode() + b"]}"))
        assert got == plain
        assert json.dumps(got["rows"]) == json.dumps(plain["rows"])


def test_a_whole_number_among_mixed_categories() -> None:
    """Text and numbers in one feature: 2.0 is the category 2, and is logged so."""
    for categories in (("low", 2), (2, "low")):
        got = understood(make(Feature("mark", "categorical", categories)), [2.0], ["low"])
        assert got["codes"] == [[categories.index(2)], [categories.index("low")]]
        assert json.dumps(got["rows"][0]["mark"]) == "2"


@pytest.mark.parametrize("value", ["7", 7.5, True, None, [7], {"a": 7}, -11, 11, 1e300])
def test_what_is_no_whole_number(value: object) -> None:
    """Text, a fraction, a truth, null, out of range: one error that repeats what came."""
    problem = refusal(make(), changed(steps=value))
    (error,) = problem.errors
    assert (problem.status, problem.reason, error.pointer, error.field) == (
        422,
        "invalid",
        "/instances/0/steps",
        "steps",
    )
    assert "a whole number from -10 to 10" in error.expected


@pytest.mark.parametrize("feature", [f.name for f in FEATURES])
def test_null_only_where_it_may_be(feature: str) -> None:
    """A number that may be missing takes null, and nothing else does."""
    if feature == "weight":
        assert understood(make(), GOOD | {feature: None})["numbers"] == [[None, 7.0, 1.0]]
    else:
        (error,) = refusal(make(), changed(**{feature: None})).errors
        assert (error.field, error.received) == (feature, None)


# A body, its status, and of the first error: pointer, field, received, a part of what is expected.
BAD = {
    "nothing": (b"", 400),
    "not JSON": (b"instances=1", 400),
    "cut short": (b'{"instances": [', 400),
    "two documents": (b'{"instances": []} {}', 400),
    "a comma too many": (b'{"instances": [],}', 400),
    "not UTF-8": (b'{"instances": [["\xff", 1, 1, 1, true]]}', 400),
    "UTF-16": ('{"instances": [["Sur", 1, 1, 1, true]]}'.encode("utf-16"), 400),
    "a byte order mark": (b"\xef\xbb\xbf" + changed(), 400),
    "NaN": (changed(weight=math.nan), 400),
    "Infinity": (changed(weight=math.inf), 400),
    "-Infinity": (changed(weight=-math.inf), 400),
    "NaN after something else is wrong": (changed(AIRLINE=1, heavy=math.nan), 400),
    "half a surrogate pair": (changed(AIRLINE="\ud800"), 400),
    "half a surrogate pair after a 2.0": (b'{"instances": [{"MONTH": 2.0, "AIRLINE": "\\ud800"}]}', 400),
    "half a surrogate pair as a name": (b'{"instances": [{"MONTH": 2.0, "\\udc00": 1}]}', 400),
    "half a surrogate pair in ids": (b'{"instances": [[2.0]], "ids": ["\\ud800"]}', 400),
    "nested too deep": (b'{"instances": ' + b"[" * 100_000, 400),
    "nested too deep, whole": (b'{"instances": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
    "nested too deep in a field": (b'{"instances": [{"a":' + b'{"a":' * 100_000, 400),
    "null": (b"null", 422, "", "body", None, "an object"),
    "a number": (b"7", 422, "", "body", 7, "an object"),
    "an array": (b"[1, 2]", 422, "", "body", "an array of 2", "an object"),
    "no instances": (b"{}", 422, "/instances", "instances", "nothing", "an array"),
    "null instances": (b'{"instances": null}', 422, "/instances", "instances", None, "an array"),
    "instances are an object": (b'{"instances": {}}', 422, "/instances", "instances", "an object of 0", "an array"),
    "no instance": (b'{"instances": []}', 422, "/instances", "instances", "0 instances", "1 to 100 instances"),
    "an instance is a number": (b'{"instances": [1]}', 422, "/instances/0", "instances", 1, "an object or an array"),
    "an instance is null": (b'{"instances": [null]}', 422, "/instances/0", "instances", None, "an object or an array"),
    "too short": (
        b'{"instances": [["Sur"]]}',
        422,
        "/instances/0",
        "instances",
        "1 values",
        "5 values: AIRLINE, MONTH",
    ),
    "too long": (json.dumps({"instances": [[*ROW, 1]]}).encode(), 422, "/instances/0", "instances", "6 values", "5"),
    "an unknown field": (b'{"instances": [], "x/~y": 1}', 422, "/x~1~0y", "x/~y", 1, "no field besides"),
    "an unknown feature": (changed(AIRPORT="SCL"), 422, "/instances/0/AIRPORT", "AIRPORT", "SCL", "no such feature"),
    "an empty name": (changed(**{"": 1}), 422, "/instances/0/", "", 1, "no such feature"),
    "a missing feature": (b'{"instances": [{"AIRLINE": "Sur", "MONTH": 1, "steps": 1, "heavy": true}]}', 422)
    + ("/instances/0/weight", "weight", "nothing", "a finite number or null"),
    "text for a number": (changed(weight="1.5"), 422, "/instances/0/weight", "weight", "1.5", "a finite number"),
    "a truth for a number": (changed(weight=True), 422, "/instances/0/weight", "weight", True, "a finite number"),
    "a number for a truth": (changed(heavy=1), 422, "/instances/0/heavy", "heavy", 1, "true or false"),
    "text for a truth": (changed(heavy="true"), 422, "/instances/0/heavy", "heavy", "true", "true or false"),
    "a number for text": (changed(AIRLINE=1), 422, "/instances/0/AIRLINE", "AIRLINE", 1, 'one of "Norte", "Sur"'),
    "text for a month": (changed(MONTH="2"), 422, "/instances/0/MONTH", "MONTH", "2", "one of 1, 2, 3"),
    "a truth for a month": (changed(MONTH=True), 422, "/instances/0/MONTH", "MONTH", True, "one of 1, 2, 3"),
    "half a month": (changed(MONTH=1.5), 422, "/instances/0/MONTH", "MONTH", 1.5, "one of 1, 2, 3"),
    "a thirteenth month": (changed(MONTH=13), 422, "/instances/0/MONTH", "MONTH", 13, "one of 1, 2, 3"),
    "an unseen airline": (changed(AIRLINE="Este"), 422, "/instances/0/AIRLINE", "AIRLINE", "Este", "one of"),
    "an array for text": (changed(AIRLINE=["Sur"]), 422, "/instances/0/AIRLINE", "AIRLINE", "an array of 1", "one of"),
    "larger than float32": (changed(weight=1e39), 422, "/instances/0/weight", "weight", "1e+39", "a finite number"),
    "larger than any float": (changed(weight=10**399), 422, "/instances/0/weight", "weight", "a huge number", "finite"),
    "1e999": (b'{"instances": [["Sur", 1, 1e999, 1, true]]}', 422, "/instances/0/2", "weight", "inf", "finite"),
    "-1e999": (b'{"instances": [["Sur", 1, -1e999, 1, true]]}', 422, "/instances/0/2", "weight", "-inf", "finite"),
    "five thousand digits": (b'{"instances": [["Sur", 1, 1' + b"0" * 5000 + b", 1, true]]}", 422)
    + ("/instances/0/2", "weight", "inf", "finite"),
    "a huge month": (
        b'{"instances": [["Sur", 1e300, 1, 1, true]]}',
        422,
        "/instances/0/1",
        "MONTH",
        "a huge number",
        "one of",
    ),
    "long text": (changed(AIRLINE="x" * 500), 422, "/instances/0/AIRLINE", "AIRLINE", "x" * 80 + "…", "one of"),
    "ids are no array": (json.dumps({"instances": [ROW], "ids": "a"}).encode(), 422, "/ids", "ids", "a", "an array"),
    "an id is a number": (json.dumps({"instances": [ROW], "ids": [1]}).encode(), 422, "/ids/0", "ids", 1, "text of 1"),
    "an id is empty": (json.dumps({"instances": [ROW], "ids": [""]}).encode(), 422, "/ids/0", "ids", "", "text of 1"),
    "an id is long": (json.dumps({"instances": [ROW], "ids": ["i" * 129]}).encode(), 422)
    + ("/ids/0", "ids", "i" * 80 + "…", "1 to 128 characters"),
    "an id too many": (
        json.dumps({"instances": [ROW], "ids": ["a", "b"]}).encode(),
        422,
        "/ids",
        "ids",
        "2 ids",
        "1, one",
    ),
    "an id twice": (json.dumps({"instances": [ROW, ROW], "ids": ["a", "a"]}).encode(), 422)
    + ("/ids/1", "ids", "a", "not in the request already"),
    "an id twice, and a 2.0": (
        json.dumps({"instances": [ROW, ["Sur", 2.0, 1, 1, True]], "ids": ["a", "a"]}).encode(),
        422,
    )
    + ("/ids/1", "ids", "a", "not in the request already"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_explained(case: str) -> None:
    """400 for what is not JSON; 422 with the place, what came there and what was expected."""
    body, status, *first = BAD[case]
    assert isinstance(body, bytes)
    problem = refusal(make(), body)
    assert problem.status == status
    if status == 400:
        assert problem.reason == "malformed"
        assert "the body is not JSON" in problem.detail
        assert not problem.errors
        return
    pointer, field, received, expected = first
    error = problem.errors[0]
    assert (error.pointer, error.field, error.received) == (pointer, field, received)
    assert str(expected) in error.expected
    assert problem.reason in {"invalid", "batch_size", "ids", "unseen_category"}
    assert str(pointer) in problem.detail
    assert error.expected in problem.detail
    assert not any(f"{word} came" in problem.detail for word in ("None", "True", "False"))  # JSON's words, not Python's


def test_good_ids_are_kept() -> None:
    """One text an instance, up to 128 characters of any kind; null is none."""
    assert understood(make(), ROW, ROW, ids=["a", "ñ" * 128])["ids"] == ["a", "ñ" * 128]
    assert understood(make(), ROW, ids=None)["ids"] is None


def test_every_field_at_fault_is_named() -> None:
    """All of an instance's errors at once, and those of the other instances."""
    body = json.dumps({"instances": [{"AIRLINE": 1, "MONTH": 2, "weight": "x", "steps": 11}, ROW, [1, 2, 3, 4, 5]]})
    problem = refusal(make(), body.encode())
    assert [error.pointer for error in problem.errors] == [
        "/instances/0/AIRLINE",
        "/instances/0/weight",
        "/instances/0/steps",
        "/instances/0/heavy",
        "/instances/2/0",
        "/instances/2/4",
    ]
    assert "(and 5 more)" in problem.detail


@pytest.mark.parametrize("value", [1, "Este"])
def test_a_batch_wrong_throughout_is_explained_once(value: object) -> None:
    """No more errors than a person reads, whether types or categories are wrong."""
    body = json.dumps({"instances": [GOOD | {"AIRLINE": value}] * 90}).encode()
    problem = refusal(make(), body)
    assert len(problem.errors) == MAX_ERRORS
    assert "at least" in problem.detail
    assert len(problem.body("r-1")) < 5000


def test_the_limits_of_a_batch() -> None:
    """As many as the setting says, and not one more."""
    schema = make(max_instances=3)
    assert len(understood(schema, ROW, ROW, ROW)["rows"]) == 3
    problem = refusal(schema, json.dumps({"instances": [ROW] * 4}).encode())
    assert (problem.status, problem.reason) == (422, "batch_size")
    assert problem.errors[0].received == "4 instances"


def test_unseen_categories_are_counted_where_the_policy_says_so() -> None:
    """The code of a category never seen is -1, and each feature's are counted; the calendar stays closed."""
    schema = make(unseen="count")
    got = understood(schema, GOOD | {"AIRLINE": "Este"}, GOOD, GOOD | {"AIRLINE": "Oeste"})
    assert got["codes"] == [[-1, 1], [1, 1], [-1, 1]]
    assert got["unseen"] == {"AIRLINE": 2}
    assert got["rows"][0]["AIRLINE"] == "Este"
    assert understood(schema, GOOD | {"AIRLINE": "Este"})["codes"] == [[-1, 1]]
    problem = refusal(schema, json.dumps({"instances": [GOOD | {"AIRLINE": "Este", "MONTH": 13}]}).encode())
    assert isinstance(problem, InvalidInput)
    assert problem.reason == "unseen_category"
    assert [error.field for error in problem.errors] == ["MONTH"]
    assert dict(problem.unseen) == {"AIRLINE": 1, "MONTH": 1}


def test_unseen_categories_are_refused_in_order() -> None:
    """Row by row, and counted by feature."""
    body = json.dumps({"instances": [GOOD | {"MONTH": 9}, GOOD | {"AIRLINE": "Este"}, GOOD | {"MONTH": 8}]}).encode()
    problem = refusal(make(), body)
    assert isinstance(problem, InvalidInput)
    assert [error.pointer for error in problem.errors] == [
        "/instances/0/MONTH",
        "/instances/1/AIRLINE",
        "/instances/2/MONTH",
    ]
    assert dict(problem.unseen) == {"MONTH": 2, "AIRLINE": 1}


def test_the_operator_s_policy_comes_before_the_manifest_s() -> None:
    """A setting may open a model to new categories, or close it."""
    manifest = manifest_of(features=(AIRLINE,), unseen="reject")
    body = b'{"instances": [["Este"]]}'
    assert Schema(manifest, unseen="count").decode(body).unseen == {"AIRLINE": 1}
    assert refusal(Schema(manifest), body).reason == "unseen_category"


def test_huge_categories_that_are_counted() -> None:
    """A whole number too large for any category is unseen like another, and can still be logged."""
    schema = make(Feature("zone", "categorical", (1, 2)), unseen="count")
    batch = schema.decode(b'{"instances": [[1e300], [123456789012345678901234567890]]}')
    assert batch.unseen == {"zone": 2}
    json.loads(msgspec.json.encode(batch.rows))


@pytest.mark.parametrize(
    ("limits", "good", "bad"),
    [
        ((0.5, 9.5), [1, 9, 9.0], [0, 10]),
        ((-2.5, -0.5), [-2, -1], [-3, 0]),
        ((0, 1e300), [0, 2**53], [-1, 2**60, 1e200]),
        (None, [-(2**53), 2**53], [2**53 + 2, -(2**60)]),
        ((1234567, 12345678), [1234567, 12345678], [1234566, 12345679]),
    ],
)
def test_the_range_of_a_whole_number(limits: tuple[float, float] | None, good: list[float], bad: list[float]) -> None:
    """Inclusive, however it is written in the manifest; never beyond what a float holds exactly."""
    schema = make(Feature("a", "integer", range=limits))
    for value in good:
        assert understood(schema, [value])["rows"] == [{"a": value}]
    for value in bad:
        assert refusal(schema, json.dumps({"instances": [[value]]}).encode()).errors[0].pointer == "/instances/0/0"


def test_the_range_in_words_is_the_range() -> None:
    """Not rounded: the caller may go by it."""
    schema = make(Feature("a", "integer", range=(-7654321, 1234567)), Feature("b", "number", range=(0.125, 1e9 + 0.5)))
    problem = refusal(schema, b'{"instances": [[null, null]]}')
    assert problem.errors[0].expected == "a whole number from -7654321 to 1234567"
    assert problem.errors[1].expected == "a finite number from 0.125 to 1000000000.5"


def test_a_range_beyond_float32_is_cut() -> None:
    """What the model's arithmetic can't hold is refused here, not turned into infinity."""
    schema = make(Feature("a", "number", range=(0, 1e300)))
    assert understood(schema, [3e38])["rows"] == [{"a": 3e38}]
    assert refusal(schema, b'{"instances": [[1e39]]}').status == 422


def test_names_of_any_kind() -> None:
    """Spaces, slashes, Spanish: a feature's name is the column's."""
    names = ("Fecha I", "a/b", "a~b", "Ñandú", "instances", "", "f0")[:5]
    schema = make(*(Feature(name, "number") for name in names))
    assert understood(schema, dict.fromkeys(names, 1.0))["rows"] == [dict.fromkeys(names, 1.0)]
    pointers = [error.pointer for error in refusal(schema, b'{"instances": [{}]}').errors]
    assert pointers == [f"/instances/0/{name}" for name in ("Fecha I", "a~1b", "a~0b", "Ñandú", "instances")]


def test_many_categories_are_not_all_listed() -> None:
    """An error stays readable where a feature has hundreds of them."""
    schema = make(Feature("a", "categorical", tuple(f"c{number:03}" for number in range(300))))
    (error,) = refusal(schema, b'{"instances": [["x"]]}').errors
    assert error.expected.endswith('"c039" and 260 more')


def test_instances_that_another_protocol_decoded() -> None:
    """The same rules, the same errors."""
    schema = make()
    rows = [GOOD, GOOD | {"steps": 7.0}]
    assert meaning(schema.check(rows, ["a", "b"])) == understood(schema, *rows, ids=["a", "b"])
    with pytest.raises(Problem) as refused:
        schema.check([GOOD, GOOD | {"steps": 99, "heavy": None}], None)
    assert [error.pointer for error in refused.value.errors] == ["/instances/1/steps", "/instances/1/heavy"]
    with pytest.raises(Problem, match="one of"):
        schema.check([GOOD | {"AIRLINE": "Este"}], None)


# What anybody might send: near misses of a good request, and anything at all.
TEXT = st.one_of(st.sampled_from(["Norte", "Sur", "Este"]), st.text(st.characters(exclude_categories=()), max_size=90))
NUMBER = st.one_of(
    st.sampled_from([0, 1, 2, 13, 7.0, 2.0, 1.5, -0.0, 1e39, 1e300, 2**53, 2**64, 10**30, 10**400]),
    st.integers(),
    st.floats(),
)
SCALAR = st.one_of(st.none(), st.booleans(), NUMBER, TEXT)
JSON = st.recursive(
    SCALAR, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)), max_leaves=5
)
VALUE = st.one_of(SCALAR, JSON)
INSTANCE = st.one_of(
    INSTANCES,
    st.builds(
        lambda one, values: one | values, INSTANCES, st.dictionaries(st.sampled_from(list(GOOD)), VALUE, max_size=2)
    ),
    st.builds(lambda one, values: one | values, INSTANCES, st.dictionaries(TEXT, VALUE, max_size=1)),
    INSTANCES.map(as_array),
    st.lists(VALUE, max_size=6),
    st.builds(lambda one, drop: {n: v for n, v in one.items() if n != drop}, INSTANCES, st.sampled_from(list(GOOD))),
    JSON,
)
REQUEST = st.one_of(
    st.fixed_dictionaries(
        {"instances": st.one_of(st.lists(INSTANCE, max_size=4), JSON)},
        optional={"ids": st.one_of(st.lists(TEXT, max_size=4), JSON)},
    ),
    st.builds(
        lambda one, more: one | more, st.fixed_dictionaries({"instances": st.just([ROW])}), st.dictionaries(TEXT, JSON)
    ),
    JSON,
)
SCHEMAS = st.sampled_from([make(max_instances=3), make(unseen="count"), make(Feature("zone", "categorical", (1, "a")))])


def outcome(schema: Schema, body: bytes) -> Batch | Problem:
    """A batch that can be logged, or a problem whose document is JSON in UTF-8. Anything else is an error."""
    try:
        batch = schema.decode(body)
    except Problem as problem:
        assert problem.status in {400, 422}
        assert (problem.status == 422) == bool(problem.errors)
        assert problem.reason
        json.loads(problem.body("r-1").decode())
        return problem
    json.loads(msgspec.json.encode([batch.rows, batch.ids]))
    stack([batch])
    return batch


@given(SCHEMAS, st.binary())
def test_any_bytes(schema: Schema, body: bytes) -> None:
    """Random bytes are a problem, and nothing but a problem."""
    assert isinstance(outcome(schema, body), Problem)


@given(SCHEMAS, REQUEST, st.data())
def test_any_json_even_broken(schema: Schema, request: object, data: st.DataObject) -> None:
    """A request, with bytes of it changed, is understood or explained."""
    body = bytearray(json.dumps(request, ensure_ascii=data.draw(st.booleans())).encode("utf-8", "surrogatepass"))
    for _ in range(data.draw(st.integers(0, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    outcome(schema, bytes(body))


@given(SCHEMAS, REQUEST)
def test_errors_point_at_what_came(schema: Schema, request: Any) -> None:
    """A pointer leads to the value that the error repeats, or to where a value is missing."""
    problem = outcome(schema, json.dumps(request).encode())
    if not isinstance(problem, Problem):
        return
    for error in problem.errors:
        steps = [step.replace("~1", "/").replace("~0", "~") for step in error.pointer.split("/")[1:]]
        if any(step.endswith("…") for step in steps):
            continue  # a long name is cut
        value = request
        for place, step in enumerate(steps):
            if error.received == "nothing" and place == len(steps) - 1:
                assert step not in value
                break
            value = value[int(step)] if isinstance(value, list) else value[step]
        else:
            if isinstance(error.received, str | bool | None) and isinstance(value, str | bool | None):
                assert value == error.received or str(value).startswith(str(error.received)[:-1])


@given(st.lists(INSTANCE, min_size=1, max_size=3), st.booleans())
def test_the_fast_way_and_the_slow_way_agree(instances: list[object], counts: bool) -> None:
    """One more instance that only the slow way takes (a month 2.0) changes nothing for the others."""
    schema = make(unseen="count" if counts else "reject")
    alone = outcome(schema, json.dumps({"instances": instances}).encode())
    beside = outcome(schema, json.dumps({"instances": [*instances, ["Sur", 2.0, 1.5, 7, True]]}).encode())
    if isinstance(alone, Problem):
        assert isinstance(beside, Problem)
        assert (beside.status, beside.reason, beside.errors) == (alone.status, alone.reason, alone.errors)
    else:
        assert isinstance(beside, Batch)
        one, other = meaning(alone), meaning(beside)
        assert other["rows"].pop() == {**GOOD, "MONTH": 2}
        assert json.dumps(other["rows"]) == json.dumps(one["rows"])
        assert (other["codes"][:-1], other["numbers"][:-1]) == (one["codes"], one["numbers"])
        assert other["unseen"] == one["unseen"]
