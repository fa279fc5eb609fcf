"""How far two sets of counts are apart."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from monitoring.drift.divergence import divergence, earth_mover, moves

counts = st.dictionaries(st.integers(-5, 30), st.integers(0, 10**6), min_size=1)


@given(counts, counts)
def test_the_index_is_never_negative_and_knows_no_side(window: dict[int, int], reference: dict[int, int]) -> None:
    """Stability index, score and p are in their ranges; a comparison without rows on one side is none."""
    found = divergence(window, reference)
    if not sum(window.values()) or not sum(reference.values()):
        assert found is None
        return
    assert found is not None
    assert found.psi >= 0
    assert 0 <= found.score <= found.psi
    assert 0 <= found.p <= 1
    other = divergence(reference, window)
    assert other is not None
    assert other.psi == pytest.approx(found.psi)
    assert other.statistic == pytest.approx(found.statistic)


@given(counts)
def test_counts_are_not_apart_from_themselves(window: dict[int, int]) -> None:
    """No index, no statistic, and chance explains all."""
    assume(sum(window.values()))
    found = divergence(window, window)
    assert found is not None
    assert (found.psi, found.statistic, found.p) == (0, 0, 1)


@given(counts, counts)
def test_the_order_of_counts_does_not_matter(window: dict[int, int], reference: dict[int, int]) -> None:
    """The same counts in another order give the same, to the last digit."""
    assert divergence(window, reference) == divergence(
        dict(reversed(window.items())), dict(reversed(reference.items()))
    )


def test_the_statistic_is_scipys() -> None:
    """Where every cell is well filled, the two-sample statistic is that of a contingency table."""
    window, reference = {0: 50, 1: 120, 2: 330}, {0: 900, 1: 2100, 2: 7000}
    expected = stats.chi2_contingency([list(window.values()), list(reference.values())], correction=False)
    found = divergence(window, reference)
    assert found is not None
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.p == pytest.approx(expected.pvalue)
    assert found.cells == 3


def test_the_index_is_the_textbooks() -> None:
    """Sum of (p - q) ln(p / q); with many rows what is added to each count does not show."""
    window, reference = {0: 300_000, 1: 700_000}, {0: 500_000, 1: 500_000}
    expected = (0.3 - 0.5) * math.log(0.3 / 0.5) + (0.7 - 0.5) * math.log(0.7 / 0.5)
    found = divergence(window, reference)
    assert found is not None
    assert found.psi == pytest.approx(expected, rel=1e-4)
    assert sum(move.contribution for move in moves(window, reference)) == pytest.approx(found.psi)


def test_cells_that_are_rarely_expected_are_taken_together() -> None:
    """A hundred values of one row each are one cell, and a lone rare one joins the smallest."""
    rare = dict.fromkeys(range(100, 200), 1)
    found = divergence({0: 500, 1: 500} | rare, {0: 500, 1: 500} | rare)
    assert found is not None
    assert found.cells == 3
    lone = divergence({0: 500, 1: 400, 2: 1}, {0: 500, 1: 400})
    assert lone is not None
    assert lone.cells == 2


def test_noise_is_what_the_index_is_without_drift() -> None:
    """Over many draws of one distribution, the mean of the index is the noise that is taken from it."""
    generator = np.random.default_rng(3)
    shares = np.array([0.4, 0.3, 0.15, 0.1, 0.05])
    found = []
    for _ in range(600):
        window, reference = generator.multinomial(1300, shares), generator.multinomial(40_000, shares)
        found.append(divergence(dict(enumerate(window.tolist())), dict(enumerate(reference.tolist()))))
    psi = np.mean([one.psi for one in found if one])
    noise = np.mean([one.noise for one in found if one])
    assert psi == pytest.approx(noise, rel=0.1)
    assert {one.score for one in found if one and one.psi <= one.noise} == {0}
    assert all(one.score == one.psi - one.noise for one in found if one and one.psi > one.noise)


def test_the_distance_is_scipys() -> None:
    """Between histograms of equal bins it is the first Wasserstein distance between their places."""
    window, reference = {0: 10, 3: 30, 5: 5}, {1: 100, 3: 200, 4: 70}
    expected = stats.wasserstein_distance(
        list(window), list(reference), list(window.values()), list(reference.values())
    )
    assert earth_mover(window, reference, 0.05) == pytest.approx(expected * 0.05)
    assert earth_mover({}, reference, 0.05) == 0
