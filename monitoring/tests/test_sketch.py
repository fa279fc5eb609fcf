"""Numbers counted by bucket in a database: what they are in Python, and what is known of them again."""

import math
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from model_files import reference
from model_files.buckets import ERROR, Buckets
from model_files.reference_file import Histogram
from monitoring.counting.counts import PREDICTION, Counts, of_reference, of_window
from monitoring.counting.distribution import transport
from monitoring.counting.sketch import Sketch
from monitoring.counting.store import Store
from monitoring.tests.logs import event, write
from monitoring.watched import Watched, read

START = datetime(2026, 7, 1, 10, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
SHARES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)

numbers = st.floats(allow_nan=False, allow_infinity=False) | st.floats(-100, 200) | st.integers(-5, 90).map(float)
trained = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=100).map(
    lambda values: reference.histogram(np.array(values))
)


@pytest.fixture(scope="module")
def mixed(small_models: Path) -> Watched:
    """A model with a number that may be missing."""
    return read(small_models / "mixed/1")


def knowing(watched: Watched, known: Histogram) -> Watched:
    """The same model, trained on other ages, and on nothing else: what is counted of a feature depends on no other."""
    return Watched(watched.manifest, msgspec.structs.replace(watched.reference, features={"age": known}))


def lines(watched: Watched, ages: list[float | None]) -> list[bytes]:
    """Events of these ages, hour after hour."""
    usual = dict(watched.manifest.example)
    return [
        event(START + (place % 30) * HOUR, usual | {"age": age}, "late", 0.7, model="mixed")
        for place, age in enumerate(ages)
    ]


def counted(store: Store, folder: Path, watched: Watched, ages: list[float | None], name: str = "1.jsonl") -> Counts:
    """The counts of a log of these ages."""
    table = store.count([write(folder, lines(watched, ages), name)], [watched])
    return of_window(store, table, watched, START - HOUR, START + 100 * HOUR)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trained, st.lists(numbers | st.none(), max_size=60), st.randoms(use_true_random=False))
def test_a_database_counts_by_bucket_what_python_does(
    tmp_path: Path, mixed: Watched, known: Histogram, ages: list[float | None], order: random.Random
) -> None:
    """Every number once, whatever it is; sketches of the parts of a log add up to that of the whole, in any order."""
    assume(Buckets.of(known).scale > 1e-100)
    watched = knowing(mixed, known)

    def rows(part: list[float | None], name: str) -> Counter[tuple[str, int]]:
        with Store() as store:
            table = store.count([write(tmp_path, lines(watched, part), name)], [watched])
            own = table.filter(table.subject == "age")
            grouped = own.group_by(["cell", "bin"]).agg(rows=own.rows.sum())
            return Counter({(cell, bin_): count for cell, bin_, count in store.fetch(grouped)})

    whole = rows(ages, "whole.jsonl")
    present = [age for age in ages if age is not None]
    places = reference.bucketed(np.array(present, dtype=float), Buckets.of(known)).tolist()
    by_bucket: Counter[int] = Counter()
    for (cell, bin_), count in whole.items():
        by_bucket[bin_] += count if cell != "-1" else 0
    assert +by_bucket == Counter(places)
    assert whole["-1", 0] == len(ages) - len(present)
    order.shuffle(ages)
    assert rows(ages[::2], "1.jsonl") + rows(ages[1::2], "2.jsonl") == whole


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trained, st.lists(st.floats(-1e7, 1e7) | st.sampled_from([0.0, 40.0]), min_size=1, max_size=80))
def test_every_quantile_is_within_the_error(
    tmp_path: Path, mixed: Watched, known: Histogram, ages: list[float]
) -> None:
    """Two percent of the distance from the middle of the training data, or of its quartiles' where that is more."""
    buckets = Buckets.of(known)
    assume(buckets.scale > 1e-9)
    watched = knowing(mixed, known)
    with Store() as store:
        found = counted(store, tmp_path, watched, list(ages)).numbers["age"]
    assert sum(found.rows) == len(ages)
    for share in SHARES:
        true = float(np.quantile(ages, share, method="inverted_cdf"))
        bound = ERROR * (1 + ERROR) * math.hypot(true - buckets.centre, buckets.scale) + 1e-9 * abs(buckets.centre)
        assert abs(found.quantile(share) - true) <= bound, share


def normal(mean: float, deviation: float, rows: int = 4000, seed: int = 0) -> list[float]:
    """Numbers by chance."""
    return list(np.random.default_rng(seed).normal(mean, deviation, rows).round(3))


@pytest.mark.parametrize("coarse", [False, True], ids=["by bucket", "an old package"])
def test_more_of_the_same_is_nowhere_else(tmp_path: Path, mixed: Watched, *, coarse: bool) -> None:
    """The distance from the reference is chance's own, though an old package knows bins alone; a shift is what it is.

    How far the outermost numbers of these bins are out is not known, so no deviation nor distance is told of them.
    """
    known = reference.histogram(np.array(normal(1013, 5, 50_000)))
    watched = knowing(mixed, msgspec.structs.replace(known, buckets={}) if coarse else known)
    before = of_reference(watched).numbers["age"]
    assert coarse or before.deviation() == pytest.approx(5, rel=0.01)
    with Store() as store:
        same = counted(store, tmp_path, watched, list(normal(1013, 5, seed=1))).numbers["age"]
        moved = counted(store, tmp_path, watched, list(normal(1018, 5, seed=2))).numbers["age"]
    assert transport(same, before) < 0.2
    assert same.quantile(0.5) == pytest.approx(1013, abs=0.3)
    assert moved.quantile(0.5) == pytest.approx(1018, abs=0.3)
    assert coarse or transport(moved, before) == pytest.approx(5, rel=0.1)


def test_how_far_out_numbers_are_is_known(tmp_path: Path, mixed: Watched) -> None:
    """Of an old package too: the largest, and on which side of the range they are."""
    known = mixed.reference.features["age"]
    assert isinstance(known, Histogram)
    for histogram in (known, msgspec.structs.replace(known, buckets={})):
        watched = knowing(mixed, histogram)
        with Store() as store:
            found = counted(store, tmp_path, watched, [-3e9, 30.0, 1.2e6, 88.0]).numbers["age"]
        assert found.quantile(0) == pytest.approx(-3e9, rel=ERROR)
        assert found.quantile(1) == pytest.approx(1.2e6, rel=ERROR)
        assert found.quantile(0.75) == pytest.approx(88, rel=ERROR)
        assert [low >= histogram.edges[-1] for low, _ in found.spans] == [False, False, True, True]


def test_an_answer_that_is_a_number_has_a_sketch_too(tmp_path: Path, small_models: Path) -> None:
    """That of a regression; one that is no number is in none."""
    watched = read(small_models / "diabetes/1")
    answers: list[Any] = [100.0, 152.5, None, "none"] + [5000.0] * 4
    log = [event(START, watched.manifest.example, answer, None, model="diabetes") for answer in answers]
    with Store() as store:
        table = store.count([write(tmp_path, log)], [watched])
        found = of_window(store, table, watched, START - HOUR, START + HOUR)
    assert found.rows == len(answers)
    assert sum(found.numbers[PREDICTION].rows) == 6
    assert found.numbers[PREDICTION].quantile(0.5) == pytest.approx(5000, rel=ERROR)
    assert set(found.numbers) == {*watched.reference.features, PREDICTION}


def test_models_without_numbers_have_no_sketch(tmp_path: Path, flights: Watched) -> None:
    """Nothing is counted for it."""
    with Store() as store:
        table = store.count([write(tmp_path, [event(START, flights.manifest.example)])], [flights])
        assert of_window(store, table, flights, START - HOUR, START + HOUR).numbers == {}
    assert of_reference(flights).numbers == {}


def test_numbers_that_no_engine_holds_are_no_error() -> None:
    """The expression clamps before it squares: BigQuery ends a query where a float overflows."""
    known = reference.histogram(np.array([1.0, 2.0, 3.0]))
    with Store() as store:
        values = store.empty({"value": "float64"})
        for value in (1.7976931348623157e308, -1.7976931348623157e308, 5e-324, 2.0):
            store.sql(f"INSERT INTO {values.get_name()} VALUES ({value!r}::DOUBLE)")  # noqa: S608 - numbers of ours
        found = store.fetch(values.select(values.value, bucket=Sketch(known).expression(values.value)))
    buckets = Buckets.of(known)
    assert found == [(value, reference.bucketed(np.array([value]), buckets)[0]) for value, _ in found]
