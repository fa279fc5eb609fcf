"""How servers are asked, and how their answers are checked."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from load_tests import bodies, flights, protocols
from load_tests.bodies import Instance
from load_tests.oracle import Oracle
from load_tests.protocols import Protocol


def _pairs(values: Sequence[float]) -> list[list[float]]:
    return [[1 - value, value] for value in values]


# Each protocol with an answer of its server that tells these probabilities.
ANSWERS: list[tuple[Protocol, Any]] = [
    (protocols.RECORDS, lambda values: {"probabilities": values}),
    (protocols.ARRAYS, lambda values: {"probabilities": values}),
    (protocols.BENTOML, _pairs),
    (protocols.LITSERVE, lambda values: {"output": _pairs(values)}),
    (protocols.RAY, lambda values: {"result": _pairs(values)[0]}),
    (protocols.MLFLOW, lambda values: {"predictions": _pairs(values)}),
    (protocols.V2, lambda values: {"outputs": [{"data": [v for pair in _pairs(values) for v in pair]}]}),
]
NAMES = [protocol.name for protocol, _ in ANSWERS]


@pytest.fixture(scope="module")
def rows(one_hot: Oracle) -> list[Instance]:
    """One real flight."""
    return bodies.batches(flights.read(), one_hot.manifest, rows=1, count=1)[0]


def _numbers(said: Any) -> list[int]:
    """Every number in a body, in order, but for a tensor's shape."""
    if isinstance(said, dict):
        return [number for key, value in said.items() if key != "shape" for number in _numbers(value)]
    if isinstance(said, list):
        return [number for value in said for number in _numbers(value)]
    return [said] if isinstance(said, int) else []


@pytest.mark.parametrize("protocol", [protocols.PUERTA, protocols.PUERTA_ARRAYS, *(one for one, _ in ANSWERS)])
def test_every_protocol_asks_about_the_same_flight(protocol: Protocol, rows: list[Instance]) -> None:
    """A body is one line of JSON with all of the flight's values in the model's order."""
    body = protocol.encode(rows)
    assert b"\n" not in body
    assert _numbers(json.loads(body)) == list(rows[0].values())


@pytest.mark.parametrize(("protocol", "answer"), ANSWERS, ids=NAMES)
def test_answers_are_compared_with_the_model(
    protocol: Protocol, answer: Any, rows: list[Instance], one_hot: Oracle
) -> None:
    """The model's own probability is let pass; another, of the other class or none, is not."""
    (right,) = one_hot.predict(rows)

    def found(probability: float) -> str | None:
        return protocol.disagreement(one_hot, rows, json.dumps(answer([probability])).encode())

    assert found(right.probability) is None
    assert "expected" in (found(right.probability + 0.001) or "")
    assert "expected" in (found(1 - right.probability) or "")
    assert "expected" in (found(float("nan")) or "")


@pytest.mark.parametrize(("protocol", "answer"), ANSWERS, ids=NAMES)
@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b'{"predictions": 1}', b'{"outputs": []}', b'"text"'])
def test_an_answer_without_probabilities_is_told(
    protocol: Protocol, answer: Any, body: bytes, rows: list[Instance], one_hot: Oracle
) -> None:
    """Whatever a server sends is no exception of ours."""
    del answer
    assert protocol.disagreement(one_hot, rows, body) is not None
