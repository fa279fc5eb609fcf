"""The sample that Evidently is shown says what the counts say."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitoring.counting.counts import CubeRow, gather
from monitoring.counting.store import Store
from monitoring.drift.alignment import align, weigh
from monitoring.evidently_report.block import Sample
from monitoring.evidently_report.frame import frame_of
from monitoring.evidently_report.quota import fitting
from monitoring.evidently_report.sample import (
    of_labelled,
    of_labelled_reference,
    of_reference,
    of_window,
)
from monitoring.quality.scores import LabelledRow, realised
from monitoring.tests.draws import Draws
from monitoring.tests.logs import event, write
from monitoring.watched import Watched, read

START = datetime(2026, 7, 1, 10, 30, tzinfo=UTC)
SIZE = 20_000


def index(here: Mapping[Any, float], there: Mapping[Any, float]) -> float:
    """The population stability index of counts, as defined; keys that one side lacks count as one row in 10^6."""
    n, m = sum(here.values()), sum(there.values())
    pairs = [(here.get(key, 0) / n or 1e-6, there.get(key, 0) / m or 1e-6) for key in here.keys() | there.keys()]
    return math.fsum((p - q) * math.log(p / q) for p, q in pairs)


def exact(rows: list[CubeRow], watched: Watched) -> dict[str, dict[str, float]]:
    """Rows by value of every column, from the counts themselves."""
    counts = gather(rows, watched)
    cells = watched.reference.cells
    assert cells is not None
    found: dict[str, dict[str, float]] = {}
    for name, counted in watched.reference.features.items():
        values = counted.values if hasattr(counted, "values") else ()
        found[name] = {str(values[code]): count for code, count in counts.subjects[name].items()}
    found["prediction"] = {str(code): count for code, count in counts.subjects["prediction"].items()}
    return found


@pytest.mark.parametrize("rows", [1300, 64_000, 3_000_000])
def test_the_stability_index_of_a_sample_is_the_exact_one(flights: Watched, rows: int) -> None:
    """To 0.001, in every column, at any volume, though an airline has moved; against the reference of the same months."""
    draws = Draws(flights, seed=rows)
    drawn = draws.rows(rows, draws.shifted("OPERA", {"JetSmart SPA": 0.06, "Sky Airline": 0.1}))
    weights = weigh(gather(drawn, flights), flights)
    assert weights is not None
    size = fitting(rows, SIZE)
    window, reference = of_window(drawn, flights, size), of_reference(flights, weights, size)
    aligned = align_counts(flights, drawn)
    for name, here in exact(drawn, flights).items():
        sampled = index(window.count(name), reference.count(name))
        assert sampled == pytest.approx(index(here, aligned[name]), abs=0.001), name
    assert index(window.count("OPERA"), reference.count("OPERA")) > 0.02


def align_counts(watched: Watched, rows: list[CubeRow]) -> dict[str, dict[str, float]]:
    """The reweighted reference by value of every column."""
    from monitoring.counting.counts import of_reference as counts_of_reference

    counts = align(counts_of_reference(watched), gather(rows, watched), watched)
    found: dict[str, dict[str, float]] = {}
    for name, counted in watched.reference.features.items():
        values = counted.values if hasattr(counted, "values") else ()
        found[name] = {str(values[code]): count for code, count in counts.subjects[name].items()}
    return found | {"prediction": {str(code): count for code, count in counts.subjects["prediction"].items()}}


def test_the_probability_keeps_its_mean(flights: Watched) -> None:
    """Each row has the mean of those that it stands for."""
    drawn = Draws(flights, seed=3).rows(200_000)
    frame = frame_of(of_window(drawn, flights, SIZE))
    assert frame["probability"].mean() == pytest.approx(gather(drawn, flights).mean_probability(), abs=1e-4)
    assert len(frame) == SIZE
    assert list(frame.columns) == ["OPERA", "TIPOVUELO", "MES", "prediction", "probability"]


def test_a_sample_is_always_the_same(flights: Watched) -> None:
    """Whatever order the counts come in."""
    drawn = Draws(flights, seed=4).rows(70_000)
    first = of_window(drawn, flights, SIZE)
    assert of_window(drawn[::-1], flights, SIZE) == first
    assert frame_of(first).equals(frame_of(of_window(drawn[::-1], flights, SIZE)))


def test_combinations_are_kept(flights: Watched) -> None:
    """No combination is off by a row, and none is made up."""
    drawn = Draws(flights, seed=5).rows(300_000)
    whole = gather(drawn, flights).cells
    assert whole is not None
    (block,) = of_window(drawn, flights, SIZE).blocks
    assert sum(block.counts) == SIZE
    assert len(set(block.rows)) == len(block.rows) <= len(whole)
    quotas = sorted((count * SIZE / 300_000 for count in whole.values()), reverse=True)
    found = sorted(block.counts, reverse=True)
    assert all(abs(count - quota) <= 1 for count, quota in zip(found, quotas, strict=False))


def test_what_has_no_place_in_the_reference_is_a_category_in_brackets(flights: Watched, tmp_path: Path) -> None:
    """Evidently drops missing values before it looks for drift: half of them missing would be none."""
    usual = {"OPERA": "Sky Airline", "TIPOVUELO": "N", "MES": 7}
    cases = [usual, usual | {"OPERA": None}, usual | {"OPERA": "Nobody"}, usual | {"MES": "July"}]
    sample = of_window(counted([event(START, case) for case in cases], flights, tmp_path), flights, 4)
    assert sample.count("OPERA") == {"Sky Airline": 2, "(missing)": 1, "(unseen)": 1}
    assert sample.count("MES") == {"7": 3, "(invalid)": 1}
    assert not frame_of(sample)["OPERA"].isna().any()


def counted(lines: list[bytes], watched: Watched, folder: Path) -> list[CubeRow]:
    """The rows of a cube of events."""
    with Store() as store:
        table = store.count([write(folder, lines)], [watched])
        grouped = table.group_by(["subject", "cell", "label", "bin"])
        return store.fetch(grouped.agg(rows=table.rows.sum(), probability_sum=table.probability_sum.sum()))


def test_numbers_are_spread_over_their_bins(small_models: Path, tmp_path: Path) -> None:
    """Columns one by one, as they were counted; missing ones stay missing, and what is out of range is where it was."""
    watched = read(small_models / "mixed/1")
    from model_files.tests.packages import mixed_rows

    rows = mixed_rows(2000)
    names = [feature.name for feature in watched.manifest.features]
    rows = rows[names].astype(object)
    rows = rows.where(rows.notna(), None)
    instances = rows.to_dict("records")
    instances[0]["age"] = 1e9
    lines = [event(START, instance, "early", 0.2, model="mixed") for instance in instances]
    sample = of_window(counted(lines, watched, tmp_path), watched, SIZE)
    frame = frame_of(sample)
    ages = np.array([instance["age"] for instance in instances[1:] if instance["age"] is not None], dtype=float)
    missing = sum(instance["age"] is None for instance in instances)
    assert frame["age"].isna().mean() == pytest.approx(missing / 2000, abs=1e-4)
    assert frame["age"].max() == pytest.approx(1e9, rel=0.02)
    assert (frame["age"] > 1e8).mean() == pytest.approx(1 / 2000, abs=1e-4)
    usual = frame["age"][frame["age"] < 1e8]
    assert usual.mean() == pytest.approx(ages.mean(), rel=0.005)
    assert usual.std() == pytest.approx(ages.std(), rel=0.01)
    assert frame["age"].quantile(0.5) == pytest.approx(np.quantile(ages, 0.5), rel=0.02)
    reference = frame_of(of_reference(watched, None, SIZE))
    assert list(reference.columns) == list(frame.columns)
    assert reference["age"].mean() == pytest.approx(ages.mean(), rel=0.05)


def test_columns_that_were_counted_one_by_one_are_independent(small_models: Path) -> None:
    """Sorted side by side, all of them would seem to move together."""
    frame = frame_of(of_reference(read(small_models / "wine/1"), None, 10_000))
    found = frame.select_dtypes("number").corr().to_numpy()
    assert len(found) > 10
    assert np.abs(found - np.eye(len(found))).max() < 0.05


@pytest.mark.parametrize("name", ["iris", "wine", "diabetes"])
def test_a_model_of_any_task_has_a_reference(small_models: Path, name: str) -> None:
    """Several classes, or a number for an answer."""
    watched = read(small_models / name / "1")
    frame = frame_of(of_reference(watched, None, 1000))
    assert len(frame) == 1000
    assert "prediction" in frame
    assert of_labelled_reference(watched, None, 1000) is None


def test_labelled_predictions_keep_their_measures(flights: Watched) -> None:
    """Accuracy, F1 and Brier of the rows are those of the counts."""
    generator = np.random.default_rng(6)
    rows = []
    for step in range(100, 700, 7):
        count = int(generator.integers(100, 5000))
        hits = int(generator.binomial(count, step / 1000))
        mean = (step + 0.5) / 1000
        for truth, part in ((1, hits), (0, count - hits)):
            rows.append(LabelledRow(int(mean >= 0.25), truth, step, part, part * mean, part * mean * mean))
    rows.append(LabelledRow(0, -2, 300, 50))  # a label that is none of the model's
    expected = realised(rows, flights.manifest).measures
    frame = frame_of(of_labelled(rows, flights, SIZE))
    assert (frame["label"] == frame["prediction"]).mean() == pytest.approx(expected["accuracy"], abs=1e-3)
    assert ((frame["probability"] - frame["label"]) ** 2).mean() == pytest.approx(expected["brier"], abs=1e-3)
    assert set(frame["label"]) == {0, 1}


def test_the_reference_s_labels_are_its_own(flights: Watched) -> None:
    """As many late flights as were trained on."""
    sample = of_labelled_reference(flights, None, SIZE)
    assert sample is not None
    cells = flights.reference.cells
    assert cells is not None
    share = sum(cells.positives) / sum(cells.rows)
    assert sample.count("label")[1] / SIZE == pytest.approx(share, abs=1e-3)
    assert isinstance(sample, Sample)
