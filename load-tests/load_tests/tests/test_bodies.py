"""Turning flights into request bodies."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load_tests import bodies, flights
from load_tests.bodies import BodyError
from load_tests.flights import Flight
from load_tests.oracle import Oracle
from load_tests.paths import WRK_BODIES
from model_files.manifest import Feature, Manifest

FLIGHT: Flight = {"OPERA": "Grupo LATAM", "TIPOVUELO": "N", "MES": 7}


def manifest(*features: Feature) -> Manifest:
    """A manifest of these features."""
    return Manifest(
        name="made-up",
        version="1",
        task="binary",
        features=features,
        target="delay",
        classes=(0, 1),
        output="probability",
        threshold=0.5,
        example={},
        files={},
        training_data={},
        libraries={},
        metrics={},
        onnx_max_difference=0.0,
    )


def test_a_raw_model_gets_the_flight_as_it_is() -> None:
    """Features that are columns keep their values, in the manifest's order."""
    wanted = manifest(Feature(name="MES", type="integer"), Feature(name="OPERA", type="categorical", categories=("x",)))
    assert list(bodies.instance(FLIGHT, wanted).items()) == [("MES", 7), ("OPERA", "Grupo LATAM")]


def test_a_one_hot_model_gets_ones_and_zeros() -> None:
    """A feature <column>_<value> is 1 where the flight has the value, of the feature's own type."""
    wanted = manifest(
        Feature(name="OPERA_Grupo LATAM", type="integer"),
        Feature(name="MES_1", type="integer"),
        Feature(name="MES_7", type="boolean"),
    )
    assert bodies.instance(FLIGHT, wanted) == {"OPERA_Grupo LATAM": 1, "MES_1": 0, "MES_7": True}


def test_the_one_hot_package_sees_every_flight(one_hot: Oracle) -> None:
    """Each kind of flight sets one airline, one type and one month."""
    for flight in flights.read().kinds:
        assert sum(bodies.instance(flight, one_hot.manifest).values()) == 3


@pytest.mark.parametrize("name", ["PRICE", "PRICE_7", "OPERA_"])
def test_a_feature_that_no_flight_has_is_refused(name: str) -> None:
    """The error names the model and the feature."""
    with pytest.raises(BodyError, match=f"made-up: '{name}' cannot be made from a flight"):
        bodies.instance(FLIGHT, manifest(Feature(name=name, type="integer")))


@given(rows=st.integers(1, 20), layout=st.sampled_from(["object", "array"]))
def test_a_body_is_one_line_of_json(rows: int, layout: bodies.Layout) -> None:
    """Wrk reads bodies by line, so none may hold a line break; arrays are in feature order."""
    text = bodies.encode([FLIGHT] * rows, ids=[f"id-{row}" for row in range(rows)], layout=layout)
    assert b"\n" not in text
    said = json.loads(text)
    assert said["instances"] == [FLIGHT if layout == "object" else list(FLIGHT.values())] * rows
    assert len(said["ids"]) == rows


def test_lines_can_name_their_path() -> None:
    """A line is the body, or the path, a tab and the body."""
    assert bodies.lines([b"{}", b"[]"]) == b"{}\n[]\n"
    assert bodies.lines([b"{}"], "/v1/predict") == b"/v1/predict\t{}\n"


def test_batches_differ_and_repeat(flight_delay: Oracle) -> None:
    """Batches have the rows that were asked for, differ from each other, and come again with the same seed."""
    drawn = bodies.batches(flights.read(), flight_delay.manifest, rows=50, count=4)
    assert [len(batch) for batch in drawn] == [50] * 4
    assert drawn[0] != drawn[1]
    assert drawn == bodies.batches(flights.read(), flight_delay.manifest, rows=50, count=4)


def test_the_committed_bodies_are_fresh(flight_delay: Oracle) -> None:
    """``wrk/flights.jsonl`` is what ``python -m load_tests bodies`` writes."""
    drawn = bodies.batches(flights.read(), flight_delay.manifest, rows=1, count=bodies.DIFFERENT)
    assert bodies.lines(bodies.encode(rows) for rows in drawn) == WRK_BODIES.read_bytes()
