"""Numbers drift too: a model with numbers, missing values, integers and truth values."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from monitoring.drift.subject import Subject
from monitoring.tests.logs import event, write
from monitoring.tests.test_cube import window
from monitoring.tests.test_verdict import subjects
from monitoring.watched import read

START = datetime(2026, 7, 1, 10, 30, tzinfo=UTC)
Change = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture(scope="module")
def judged(small_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Change], dict[str, Subject]]:
    """Every subject's verdict on 3,000 rows as in training, changed."""
    from model_files.tests.packages import mixed_rows

    watched = read(small_models / "mixed/1")
    names = [feature.name for feature in watched.manifest.features]

    def judge(change: Change) -> dict[str, Subject]:
        rows = change(mixed_rows(3000))[names].astype(object)
        rows = rows.where(rows.notna(), None)
        instances: list[dict[str, Any]] = rows.to_dict("records")
        lines = [event(START, instance, "early", 0.2, model="mixed") for instance in instances]
        return subjects(window([write(tmp_path_factory.mktemp("log"), lines)], watched), watched)

    return judge


def levels(found: dict[str, Subject]) -> dict[str, str]:
    """The features that have a verdict; what was answered is not the model's here."""
    return {
        name: one.level
        for name, one in found.items()
        if one.level != "none" and name not in {"prediction", "probability"}
    }


def test_more_of_the_same_is_no_drift(judged: Callable[[Change], dict[str, Subject]]) -> None:
    """A reference of 400 rows is a noisy one, and its noise is known."""
    assert levels(judged(lambda rows: rows)) == {}


@pytest.mark.parametrize(
    ("change", "expected", "kind"),
    [
        (lambda rows: rows.assign(age=rows["age"] + 12), {"age": "alert"}, "distribution"),
        (lambda rows: rows.assign(age=rows["age"].where(rows.index % 2 == 0)), {"age": "alert"}, "missing"),
        (lambda rows: rows.assign(age=rows["age"].where(rows.index % 20 != 0, 1e6)), {"age": "alert"}, "out_of_range"),
        (lambda rows: rows.assign(stops=rows["stops"] // 2), {"stops": "alert"}, "distribution"),
        (lambda rows: rows.assign(member=rows["member"] | (rows.index % 5 == 0)), {"member": "alert"}, "categories"),
        (lambda rows: rows.assign(city=rows["city"].where(rows.index % 20 != 0, "Quito")), {"city": "alert"}, "unseen"),
    ],
    ids=["shifted", "missing", "an outlier", "integers", "truth values", "a new city"],
)
def test_what_changed_is_named(
    judged: Callable[[Change], dict[str, Subject]], change: Change, expected: dict[str, str], kind: str
) -> None:
    """The feature that changed alerts, by the check that tells how, and no other does."""
    found = judged(change)
    assert levels(found) == expected
    (name,) = expected
    assert next(check.level for check in found[name].checks if check.kind == kind) != "none"


def test_where_numbers_went_is_told_in_their_own_unit(judged: Callable[[Change], dict[str, Subject]]) -> None:
    """Quantiles of the window and of the training data, and the distance in the deviation of the latter."""
    ages = judged(lambda rows: rows.assign(age=rows["age"] + 12))["age"].numbers
    assert ages is not None
    assert list(ages.quantiles) == ["0", "0.01", "0.05", "0.25", "0.5", "0.75", "0.95", "0.99", "1"]
    assert ages.quantiles["0.5"] - ages.reference_quantiles["0.5"] == pytest.approx(12, abs=1.5)
    assert ages.distance == pytest.approx(1, abs=0.15)
    assert not ages.coarse
    unchanged = judged(lambda rows: rows)["age"].numbers
    assert unchanged is not None
    assert unchanged.distance is not None
    assert unchanged.distance < 0.15


def test_a_distance_has_no_verdict(judged: Callable[[Change], dict[str, Subject]]) -> None:
    """One value in 3,000 that is far enough out moves the mean by any distance, and is no drift; more of these are."""

    def out(share: int) -> Change:
        return lambda rows: rows.assign(age=rows["age"].where(rows.index % share != 0, 1e6))

    one = judged(out(3000))
    assert one["age"].numbers is not None
    assert one["age"].numbers.distance is not None
    assert one["age"].numbers.distance > 10
    assert one["age"].numbers.quantiles["1"] == pytest.approx(1e6, rel=0.02)
    assert levels(one) == {}
    assert levels(judged(out(100))) == {"age": "alert"}


def test_a_feature_without_any_number_left_has_none_to_tell(judged: Callable[[Change], dict[str, Subject]]) -> None:
    """All of it missing: that is told, and nothing of where it went."""
    found = judged(lambda rows: rows.assign(age=float("nan")))["age"]
    assert found.level == "alert"
    assert found.numbers is None


def test_only_subjects_of_numbers_have_them(judged: Callable[[Change], dict[str, Subject]]) -> None:
    """Categories, whole numbers that are few, and truth values have their shares instead."""
    assert {name for name, subject in judged(lambda rows: rows).items() if subject.numbers is not None} == {"age"}
