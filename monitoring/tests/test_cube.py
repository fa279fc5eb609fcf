"""From log lines to counts."""

import gzip
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitoring.counting.coding import INVALID, MISSING, UNSEEN
from monitoring.counting.counts import Counts, of_window
from monitoring.counting.cube import EVENT_COLUMNS
from monitoring.counting.segments import Segment
from monitoring.counting.store import Store
from monitoring.tests.logs import event, write
from monitoring.watched import Watched, read
from service.event_log import Event

START = datetime(2026, 7, 1, 10, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATAM = {"OPERA": "Grupo LATAM", "TIPOVUELO": "N", "MES": 7}
SKY = {"OPERA": "Sky Airline", "TIPOVUELO": "I", "MES": 12}


def rows(segments: list[Segment], watched: Watched, store: Store | None = None) -> Counter[tuple[Any, ...]]:
    """The whole cube: rows by all that they are counted by."""
    store = store or Store()
    table = store.count(segments, [watched])
    found = store.fetch(table.select("hour", "client", "subject", "cell", "label", "bin", "rows"))
    counted: Counter[tuple[Any, ...]] = Counter()
    for *key, count in found:
        counted[tuple(key)] += count
    return counted


def window(segments: list[Segment], watched: Watched, since: datetime = START, hours: int = 48) -> Counts:
    """The counts of a window."""
    begin = since.replace(minute=0)
    with Store() as store:
        return of_window(store, store.count(segments, [watched]), watched, begin, begin + hours * HOUR)


def test_what_is_read_is_what_the_service_writes() -> None:
    """Every column is a field of the service's own event."""
    assert set(EVENT_COLUMNS) <= set(Event.__struct_fields__)


def test_events_are_counted_by_hour_client_and_combination(tmp_path: Path, flights: Watched) -> None:
    """With what was answered, and the bin and the sum of the probability."""
    lines = [
        event(START, LATAM, 0, 0.17),
        event(START + HOUR, LATAM, 0, 0.18),
        event(START + HOUR, LATAM, 0, 0.19),
        event(START, SKY, 1, 0.31, client=None),
    ]
    segment = write(tmp_path, lines)
    ten, eleven = datetime(2026, 7, 1, 10), datetime(2026, 7, 1, 11)  # noqa: DTZ001 - UTC, as counts hold it
    assert rows([segment], flights) == {
        (ten, "demo", "cell", "12,1,6", 0, 3): 1,
        (eleven, "demo", "cell", "12,1,6", 0, 3): 2,
        (ten, None, "cell", "21,0,11", 1, 6): 1,
    }
    found = window([segment], flights)
    assert found.rows == 4
    assert found.subjects["OPERA"] == {12: 3, 21: 1}
    assert found.probability_sums == pytest.approx({0: 0.54, 1: 0.31})
    assert found.mean_probability() == pytest.approx(0.2125)


def test_a_window_holds_its_hours_and_no_other(tmp_path: Path, flights: Watched) -> None:
    """From its first hour, included, to its last, and of one version of one model."""
    lines = [event(START + hour * HOUR, LATAM) for hour in range(-2, 3)]
    lines += [event(START, LATAM, model="another"), event(START, LATAM, version="2")]
    segment = write(tmp_path, lines)
    assert window([segment], flights, hours=1).rows == 1
    assert window([segment], flights, hours=2).rows == 2
    assert window([segment], flights, START - 2 * HOUR, hours=5).rows == 5


def test_versions_that_answer_side_by_side_are_counted_apart(tmp_path: Path, flights: Watched) -> None:
    """No event counts for both, and one without a time for none."""
    newer = Watched(msgspec.structs.replace(flights.manifest, version="2"), flights.reference)
    lines = [event(START, LATAM), event(START, LATAM, version="2"), event(START, LATAM, version="2")]
    timeless = event(START, LATAM).replace(b"2026-07-01T10", b"yesterday at ten")
    with Store() as store:
        table = store.count([write(tmp_path, [*lines, timeless])], [flights, newer])
        begin = START.replace(minute=0)
        found = [of_window(store, table, each, begin, begin + HOUR).rows for each in (flights, newer)]
        assert store.fetch(table.agg(rows=table.rows.sum())) == [(3,)]
    assert found == [1, 2]


def test_values_that_the_reference_does_not_have_are_counted_apart(tmp_path: Path, flights: Watched) -> None:
    """Missing, unseen and of another type, each under a code of its own; no event is lost."""
    lines = [
        event(START, {"OPERA": "Ryanair", "TIPOVUELO": "N", "MES": 7}),
        event(START, {"OPERA": None, "TIPOVUELO": 3, "MES": 7}),
        event(START, {"TIPOVUELO": "N", "MES": "7"}),
    ]
    found = window([write(tmp_path, lines)], flights)
    assert found.rows == 3
    assert found.subjects["OPERA"] == {UNSEEN: 1, MISSING: 2}
    assert found.subjects["TIPOVUELO"] == {1: 2, INVALID: 1}
    assert found.subjects["MES"] == {6: 2, INVALID: 1}


@pytest.mark.parametrize("spoilt", [b'{"schema":1,"ts":"2026-07-01T10', b"garbage\xff\n", b"[1]\n", b"{}\n", b"\n"])
def test_a_line_that_is_no_event_takes_no_other_along(tmp_path: Path, flights: Watched, spoilt: bytes) -> None:
    """Cut short, garbled, or something else: the others are counted."""
    good = event(START, LATAM)
    assert window([write(tmp_path, [good, good, spoilt])], flights).rows == 2
    if spoilt.endswith(b"\n"):
        assert window([write(tmp_path, [good, spoilt, good])], flights).rows == 2


def test_open_closed_compressed_and_empty_segments_are_one_log(tmp_path: Path, flights: Watched) -> None:
    """An event is where it is."""
    line = event(START, LATAM)
    segments = [write(tmp_path, [line] * 2, "a.jsonl"), write(tmp_path, [line, line[:40]], "b.jsonl.open")]
    segments += [write(tmp_path, [gzip.compress(line * 4)], "c.jsonl.gz"), write(tmp_path, [], "d.jsonl")]
    assert window(segments, flights).rows == 7
    assert window([], flights).rows == 0


a_flight = st.tuples(st.sampled_from(["Grupo LATAM", "Sky Airline", "Ryanair", None]), st.integers(0, 13))


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(a_flight, st.integers(0, 30), st.integers(0, 2)), max_size=40), st.randoms(use_true_random=False)
)
def test_counts_add_up_over_segments_in_any_order(
    tmp_path: Path, flights: Watched, drawn: list[tuple[tuple[str | None, int], int, int]], order: random.Random
) -> None:
    """However the lines are spread over files and ordered in them, the counts are the sums of the files' own."""
    lines = [
        event(START + hours * HOUR, {"OPERA": airline, "TIPOVUELO": "N", "MES": month}, client=f"c{part}")
        for (airline, month), hours, part in drawn
    ]
    with Store() as store:
        whole = rows([write(tmp_path, lines, "whole.jsonl")], flights, store)
        assert sum(whole.values()) == len(lines)
        order.shuffle(lines)
        parts = [write(tmp_path, lines[part::2], f"{part}.jsonl") for part in range(2)]
        assert rows(parts, flights, store) == whole
        assert rows(parts[:1], flights, store) + rows(parts[1:], flights, store) == whole


def example(watched: Watched, at: datetime, answer: Any, probability: float | None) -> bytes:
    """An event of the manifest's own example."""
    manifest = watched.manifest
    return event(at, manifest.example, answer, probability, model=manifest.name, version=manifest.version)


@pytest.mark.parametrize(
    ("name", "answer", "probability"),
    [("iris", "setosa", 0.98), ("wine", 2, None), ("diabetes", 152.5, None), ("mixed", "late", 0.7)],
)
def test_any_packaged_model_is_counted(
    tmp_path: Path, small_models: Path, name: str, answer: Any, probability: float | None
) -> None:
    """Multiclass, without probabilities, regression, numbers, missing numbers: every feature has each of its rows."""
    watched = read(small_models / name / "1")
    lines = [example(watched, START, answer, probability)] * 5
    found = window([write(tmp_path, lines)], watched)
    assert found.rows == 5
    assert {
        feature: sum(counts.values()) for feature, counts in found.subjects.items() if feature != "probability"
    } == (dict.fromkeys((*watched.reference.features, "prediction"), 5))
    for feature in watched.reference.features:
        assert max(found.subjects[feature]) >= 0, feature
    if probability is None:
        assert found.mean_probability() is None
    else:
        assert found.mean_probability() == pytest.approx(probability)


def test_missing_numbers_and_numbers_out_of_range_are_counted_apart(tmp_path: Path, small_models: Path) -> None:
    """A feature that may be missing is, and one that is larger than any in training is above."""
    watched = read(small_models / "mixed/1")
    features = watched.manifest.example
    lines = [
        event(START, dict(features) | change, "late", 0.7, model="mixed")
        for change in ({"age": None}, {"age": 1e9}, {"city": "Quito"}, {"stops": 17}, {"member": "yes"})
    ]
    found = window([write(tmp_path, lines)], watched)
    assert found.subjects["age"][MISSING] == 1
    assert found.subjects["age"][-5] == 1
    assert found.subjects["city"][UNSEEN] == 1
    assert found.subjects["stops"][UNSEEN] == 1
    assert found.subjects["member"][INVALID] == 1
