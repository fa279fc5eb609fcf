"""The verdicts of windows with a known truth, drawn many times from the shipped reference."""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pytest

from monitoring.counting.counts import JOINT, PREDICTION, PROBABILITY, Counts, of_reference
from monitoring.drift.alignment import align
from monitoring.drift.rule import Rule, worst
from monitoring.drift.subject import Level, Subject
from monitoring.drift.verdict import judge
from monitoring.tests.draws import Draws, Shares
from monitoring.watched import Watched

_DRAWS = 150


def subjects(window: Counts, watched: Watched, *, aligned: bool = False) -> dict[str, Subject]:
    """Every subject's verdict, by name."""
    reference = of_reference(watched)
    if aligned:
        reference = align(reference, window, watched)
    return {subject.name: subject for subject in judge(window, reference, watched, Rule())}


def levels(draws: Draws, rows: int, shares: Shares | None = None, unseen: float = 0.0) -> Mapping[Level, float]:
    """How often the worst verdict of a window, calendar-aligned, is of each level."""
    found: Counter[Level] = Counter()
    for _ in range(_DRAWS):
        judged = subjects(draws.window(rows, shares, unseen), draws.watched, aligned=True)
        found[worst([subject.level for subject in judged.values()])] += 1
    return {level: count / _DRAWS for level, count in found.items()}


def moved_between_two(draws: Draws, points: float) -> Shares:
    """So many points taken from the largest airline and given to the next."""
    large, next_ = draws.share("OPERA", "Grupo LATAM"), draws.share("OPERA", "Sky Airline")
    return draws.shifted("OPERA", {"Grupo LATAM": large - points, "Sky Airline": next_ + points})


@pytest.mark.parametrize(("rows", "most"), [(40, 0.05), (187, 0.03), (1300, 0.015), (100_000, 0.01)])
def test_without_drift_there_is_no_verdict(flights: Watched, rows: int, most: float) -> None:
    """A small day does not alarm, nor does a large one."""
    assert 1 - levels(Draws(flights, seed=rows), rows).get("none", 0) <= most


def test_a_trivial_shift_is_none_however_many_rows_prove_it(flights: Watched) -> None:
    """0.3 points between two airlines in three million rows do not matter."""
    draws = Draws(flights, seed=1)
    found = levels(draws, 3_000_000, moved_between_two(draws, 0.003))
    assert found == {"none": 1}


@pytest.mark.parametrize("rows", [1300, 5700])
def test_an_airline_from_2_to_6_percent_is_always_seen(flights: Watched, rows: int) -> None:
    """It alerts, and it is named."""
    draws = Draws(flights, seed=2)
    shares = draws.shifted("OPERA", {"JetSmart SPA": 0.06})
    assert levels(draws, rows, shares) == {"alert": 1}
    subject = subjects(draws.window(rows, shares), flights, aligned=True)["OPERA"]
    moved = subject.moved[0]
    assert moved.value == "JetSmart SPA"
    assert moved.share == pytest.approx(0.06, abs=0.035)
    assert moved.reference_share == pytest.approx(0.0163, abs=0.005)
    assert moved.p is not None
    assert moved.p < 1e-3


@pytest.mark.parametrize(("rows", "least"), [(1300, 0.5), (5700, 0.99)])
def test_five_points_between_two_airlines_are_seen(flights: Watched, rows: int, least: float) -> None:
    """In most small windows, and in every larger one."""
    draws = Draws(flights, seed=3)
    assert 1 - levels(draws, rows, moved_between_two(draws, 0.05)).get("none", 0) >= least


@pytest.mark.parametrize("rows", [1300, 5700])
def test_an_unseen_airline_at_one_percent_is_always_seen(flights: Watched, rows: int) -> None:
    """As a category that the reference does not know."""
    draws = Draws(flights, seed=4)
    assert levels(draws, rows, unseen=0.01).get("none", 0) == 0
    checks = {check.kind: check for check in subjects(draws.window(rows, unseen=0.01), flights)["OPERA"].checks}
    assert checks["unseen"].size == pytest.approx(0.01, abs=0.008)
    assert checks["unseen"].level != "none"


def test_what_moves_only_together_is_seen_jointly(flights: Watched) -> None:
    """Every feature keeps its shares and only their combinations change: the joint subject alone tells."""
    draws = Draws(flights, seed=5)
    shares = draws.shares.copy()
    # LATAM flies abroad more often and Sky less, as many flights each.
    points = {
        ("Grupo LATAM", "I"): 0.035,
        ("Grupo LATAM", "N"): -0.035,
        ("Sky Airline", "N"): 0.035,
        ("Sky Airline", "I"): -0.035,
    }
    for pair, change in points.items():
        flown = np.array([values[:2] == pair for values in draws.values])
        shares[flown] *= 1 + change / shares[flown].sum()
    window = draws.window(50_000, shares)
    judged = subjects(window, flights)
    assert {name for name in ("OPERA", "TIPOVUELO", "MES") if judged[name].level != "none"} == set()
    assert judged[JOINT].level != "none"
    assert len(judged[JOINT].moved[0].value.split(", ")) == 3


def test_the_answers_are_subjects_too(flights: Watched) -> None:
    """A shift towards delayed flights shows in prediction and probability, with the change of the mean."""
    draws = Draws(flights, seed=6)
    late = draws.shifted("OPERA", {"Latin American Wings": 0.25})
    judged = subjects(draws.window(20_000, late), flights, aligned=True)
    assert judged[PREDICTION].level == "alert"
    assert judged[PROBABILITY].level == "alert"
    assert judged[PROBABILITY].shift is not None
    assert judged[PROBABILITY].shift > 0.02
    assert judged[PROBABILITY].earth_mover == pytest.approx(judged[PROBABILITY].shift, rel=0.6)


def test_a_window_without_rows_has_no_verdict(flights: Watched) -> None:
    """Nothing is compared with nothing."""
    assert subjects(Draws(flights).window(0), flights) == {}


def test_every_number_of_a_report_is_finite(flights: Watched) -> None:
    """Also where a window has a single row, or one value only."""
    draws = Draws(flights, seed=7)
    for rows in (1, 2, 10):
        for subject in subjects(draws.window(rows), flights, aligned=True).values():
            assert 0 <= subject.p <= 1
            assert subject.score >= 0


@pytest.mark.parametrize(
    ("share", "usual", "level"),
    [
        (0.5, 0.51, "none"),
        (0.5, 0.521, "warn"),
        (0.5, 0.541, "alert"),
        (0.002, 0.001, "none"),
        (0.006, 0.003, "warn"),
        (0.003, 0.006, "warn"),
        (0.04, 0.019, "alert"),
        (0.0, 0.004, "warn"),
    ],
)
def test_a_category_matters_by_points_or_by_times(share: float, usual: float, level: Level) -> None:
    """Two points, or twice as much from 0.3 points on; an alert from twice the points, or two points and twice as much."""
    assert Rule().of_change(share, usual) == level
