"""The calendar is no drift."""

import msgspec
import pytest

from monitoring.counting.counts import JOINT, PREDICTION, PROBABILITY, of_reference
from monitoring.drift.alignment import align, is_alignable
from monitoring.tests.draws import Draws
from monitoring.tests.test_verdict import subjects
from monitoring.watched import Watched


def test_a_reference_aligned_with_itself_is_itself(flights: Watched) -> None:
    """Every marginal comes out of the combinations as training counted it, and nothing is worth less."""
    reference = of_reference(flights)
    aligned = align(reference, reference, flights)
    assert aligned.effective == pytest.approx(reference.effective)
    assert aligned.rows == pytest.approx(reference.rows)
    for name, counts in reference.subjects.items():
        assert aligned.subjects[name] == pytest.approx(counts), name
    assert aligned.mean_probability() == pytest.approx(reference.mean_probability())


def test_july_is_a_shift_as_it_is_and_none_when_aligned(flights: Watched) -> None:
    """A month against a year alerts in the plain view in all that follows the month, and in the aligned one in nothing."""
    draws = Draws(flights, seed=7)
    window = draws.window(20_000, draws.shifted("MES", {7: 1.0 - 1e-12}))
    plain, aligned = subjects(window, flights), subjects(window, flights, aligned=True)
    assert {plain[name].level for name in ("MES", PREDICTION, PROBABILITY, JOINT)} == {"alert"}
    assert {name: subject.level for name, subject in aligned.items() if subject.level != "none"} == {}
    assert align(of_reference(flights), window, flights).effective == pytest.approx(4033, rel=0.001)


def test_what_is_drift_in_july_is_seen_in_july(flights: Watched) -> None:
    """An airline that arrives is seen through the calendar."""
    draws = Draws(flights, seed=8)
    july = draws.shifted("MES", {7: 1.0 - 1e-12})
    draws.shares = july
    window = draws.window(5000, draws.shifted("OPERA", {"JetSmart SPA": 0.08}))
    aligned = subjects(window, flights, aligned=True)
    assert aligned["OPERA"].level == "alert"
    assert aligned["MES"].level == "none"


def test_a_model_without_a_calendar_is_compared_as_it_is(flights: Watched) -> None:
    """Both views are one where nothing follows the calendar."""
    assert is_alignable(flights)
    features = tuple(msgspec.structs.replace(feature, calendar=None) for feature in flights.manifest.features)
    plain = Watched(msgspec.structs.replace(flights.manifest, features=features), flights.reference)
    window = Draws(flights).window(2000)
    reference = of_reference(plain)
    assert align(reference, window, plain) is reference
