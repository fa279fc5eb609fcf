"""Labels that arrive late, joined to what was predicted."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitoring.counting.cube import EVENT_COLUMNS
from monitoring.counting.store import Store
from monitoring.quality.due import due, hours_due
from monitoring.quality.labelled import JOINED_COLUMNS, LABEL_COLUMNS, join, labelled, lag_seconds, lags
from monitoring.quality.scores import LabelledRow, quantile
from monitoring.tests.logs import event, label, write
from monitoring.watched import Watched, read
from service import label_log

START = datetime(2026, 7, 1, 10, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATAM = {"OPERA": "Grupo LATAM", "TIPOVUELO": "N", "MES": 7}


def joined(folder: Path, events: list[bytes], labels: list[bytes], watched: Watched) -> list[LabelledRow]:
    """Labelled predictions, counted."""
    with Store() as store:
        logged = store.read([write(folder / "events", events)], EVENT_COLUMNS)
        truth = store.read([write(folder / "labels", labels)], LABEL_COLUMNS)
        together = store.empty(JOINED_COLUMNS)
        store.insert(together, join(logged, truth))
        table = labelled(together, watched)
        return [LabelledRow(*row) for row in store.fetch(table.select(*LabelledRow.__dataclass_fields__))]


def test_what_is_read_is_what_the_service_writes() -> None:
    """Every column is a field of the service's own label line."""
    assert set(LABEL_COLUMNS) <= set(label_log._Line.__struct_fields__)


def test_a_label_joins_its_prediction_by_id(tmp_path: Path, flights: Watched) -> None:
    """Predictions without a label, and labels of unknown ids, are left out."""
    events = [event(START, LATAM, 0, 0.1, id_="a"), event(START, LATAM, 1, 0.4, id_="b"), event(START, LATAM, id_="c")]
    labels = [label(START + DAY, "a", 0), label(START + DAY, "b", 0), label(START, "unknown", 1)]
    found = joined(tmp_path, events, labels, flights)
    right, wrong = sorted(found, key=lambda row: row.step)
    assert (right.predicted, right.truth, right.step, right.rows) == (0, 0, 100, 1)
    assert (wrong.predicted, wrong.truth, wrong.step, wrong.rows) == (1, 0, 400, 1)
    assert wrong.probability_sum == pytest.approx(0.4)
    assert wrong.square_sum == pytest.approx(0.16)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_newest_label_of_an_id_counts_once(tmp_path: Path, flights: Watched, order: tuple[int, ...]) -> None:
    """Sent again it changes nothing, changed it is the newest, in whichever order its lines are read."""
    lines = [label(START, "a", 0), label(START, "a", 0), label(START + HOUR, "a", 1)]
    (row,) = joined(tmp_path, [event(START, LATAM, id_="a")], [lines[place] for place in order], flights)
    assert (row.truth, row.rows) == (1, 1)


def test_a_label_that_is_none_of_the_classes_is_a_stranger(tmp_path: Path, flights: Watched) -> None:
    """It is counted, under a code of its own; a garbled line is no label."""
    events = [event(START, LATAM, id_=name) for name in "ab"]
    lines = [label(START, "a", "late"), b'{"schema":1,"ts":"2026-07-01T10:30:00.000Z","id":"b"\n']
    (row,) = joined(tmp_path, events, lines, flights)
    assert row.truth < 0


def test_a_regressions_errors_are_summed(tmp_path: Path, small_models: Path) -> None:
    """Predicted less true, absolute and squared, whatever the range of training."""
    watched = read(small_models / "diabetes/1")
    events = [event(START, watched.manifest.example, 100.0, None, model="diabetes", id_=name) for name in "ab"]
    found = joined(tmp_path, events, [label(START, "a", 130), label(START, "b", 1e6)], watched)
    assert sum(row.error_sum for row in found) == pytest.approx(30 + 999_900)
    assert sum(row.square_error_sum for row in found) == pytest.approx(900 + 999_900**2)


@pytest.mark.parametrize(
    ("name", "answer", "truth", "codes"), [("iris", "setosa", "virginica", (0, 2)), ("wine", 2, 1.0, (2, 1))]
)
def test_more_than_two_classes_are_joined_too(
    tmp_path: Path, small_models: Path, name: str, answer: Any, truth: Any, codes: tuple[int, int]
) -> None:
    """By their places among the classes."""
    watched = read(small_models / name / "1")
    events = [event(START, watched.manifest.example, answer, None, model=name, id_="a")]
    (row,) = joined(tmp_path, events, [label(START, "a", truth)], watched)
    assert (row.predicted, row.truth) == codes


def test_lags_are_told_to_within_five_percent(tmp_path: Path) -> None:
    """From a prediction to its first label; one that was said before is no lag at all."""
    seconds = [0, 1, 60, 3600, 86_400, 30 * 86_400, -5]
    events = [event(START, LATAM, id_=str(place)) for place in range(len(seconds))]
    labels = [label(START + timedelta(seconds=lag), str(place), 0) for place, lag in enumerate(seconds)]
    labels += [label(START + 300 * DAY, "2", 1)]
    with Store() as store:
        logged = store.read([write(tmp_path / "events", events)], EVENT_COLUMNS)
        table = lags(join(logged, store.read([write(tmp_path / "labels", labels)], LABEL_COLUMNS)))
        counted: dict[int, int] = dict(store.fetch(table.group_by("lag").agg(rows=table.rows.sum())))
    assert sum(counted.values()) == len(seconds)
    for place, exact in enumerate(sorted(max(0, lag) for lag in seconds)):
        bin_ = quantile(counted, (place + 1) / len(seconds))
        assert bin_ is not None
        assert lag_seconds(bin_) == pytest.approx(exact, rel=0.05, abs=0.06)


def test_labels_are_due_once_and_late_if_they_had_not_come(tmp_path: Path) -> None:
    """A label that comes after it was due is late still; what is not due yet is not counted."""
    events = [event(START + day * DAY, LATAM, id_=str(day)) for day in range(5)]
    labels = [label(START + 2 * DAY, "0", 1), label(START + 9 * DAY, "1", 1)]

    def count(since: datetime | None, until: datetime) -> list[tuple[Any, ...]]:
        with Store() as store:
            logged = store.read([write(tmp_path / "events", events)], EVENT_COLUMNS)
            truth = store.read([write(tmp_path / "labels", labels)], LABEL_COLUMNS)
            return store.fetch(due(logged, truth, since, until, 7 * DAY))

    until = START + 3 * DAY
    assert count(None, until) == [("flight-delay", "1", 3, 2)]
    assert count(START + DAY, until) == [("flight-delay", "1", 2, 2)]
    assert count(until, until) == []


def test_only_whole_hours_are_due() -> None:
    """So that each prediction is counted once, whenever runs are."""
    assert hours_due(datetime(2026, 7, 8, 11, 5, tzinfo=UTC), 7 * DAY) == datetime(2026, 7, 1, 11, tzinfo=UTC)
    assert hours_due(datetime(2026, 7, 8, 11, tzinfo=UTC), 7 * DAY) == datetime(2026, 7, 1, 11, tzinfo=UTC)
