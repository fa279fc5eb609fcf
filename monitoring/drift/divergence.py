"""How far two sets of counts are apart: population stability index, less what chance makes, and a test."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from monitoring.drift.significance import chi2_tail

LEAST_EXPECTED = 5.0  # in a cell of a chi-squared test: Cochran, 1954
_PRIOR = 0.5  # added to each count, so that an empty cell has a logarithm: Jeffreys

K = TypeVar("K", int, tuple[int, ...])


@dataclass(frozen=True)
class Divergence:
    """Two samples of ``n`` and ``m`` rows over ``cells`` cells, those rarely expected taken together.

    ``psi`` is sum (p - q) ln(p / q); ``noise`` what it is on average without any drift, (cells - 1) (1/n + 1/m);
    ``p`` belongs to ``statistic``, the two-sample chi-squared one.
    """

    psi: float
    noise: float
    statistic: float
    p: float
    cells: int

    @property
    def score(self) -> float:
        """The stability index without what chance makes of it; 0 or more."""
        return max(0.0, self.psi - self.noise)


@dataclass(frozen=True)
class Move(Generic[K]):
    """One key's part in a divergence; shares are parts of 1."""

    key: K
    share: float
    reference_share: float
    contribution: float


def divergence(
    window: Mapping[K, float], reference: Mapping[K, float], effective: float | None = None
) -> Divergence | None:
    """Compare counts by key. None where a side is empty.

    Args:
        window: Rows by key.
        reference: Rows by key, perhaps reweighted.
        effective: How many unweighted rows the reference is worth; without it, its sum.
    """
    n, total = sum(window.values()), sum(reference.values())
    if not n or not total:
        return None
    m = effective or total
    keys = sorted(window.keys() | reference.keys())  # so that ties are pooled alike, whatever came first
    pairs = _pooled(((window.get(key, 0), reference.get(key, 0) * m / total) for key in keys), n, m)
    cells = len(pairs)
    if cells == 1:
        return Divergence(0.0, 0.0, 0.0, 1.0, 1)
    psi = math.fsum(_term(count, n, expected, m, cells) for count, expected in pairs)
    statistic = math.fsum(_chi2(count, n, expected, m) for count, expected in pairs)
    return Divergence(psi, (cells - 1) * (1 / n + 1 / m), statistic, chi2_tail(statistic, cells - 1), cells)


def moves(window: Mapping[K, float], reference: Mapping[K, float]) -> list[Move[K]]:
    """Every key's part in the stability index, the largest first. Both sides hold rows."""
    n, m = sum(window.values()), sum(reference.values())
    keys = window.keys() | reference.keys()
    found = []
    for key in keys:
        count, expected = window.get(key, 0), reference.get(key, 0)
        found.append(Move(key, count / n, expected / m, _term(count, n, expected, m, len(keys))))
    return sorted(found, key=lambda move: (-abs(move.contribution), str(move.key)))


def earth_mover(window: Mapping[int, float], reference: Mapping[int, float], width: float) -> float:
    """The first Wasserstein distance between histograms of equal bins, codes 0 and up, each ``width`` wide."""
    n = sum(rows for code, rows in window.items() if code >= 0)
    m = sum(rows for code, rows in reference.items() if code >= 0)
    if not n or not m:
        return 0.0
    ahead = distance = 0.0
    for code in range(max(0, *window, *reference)):
        ahead += window.get(code, 0) / n - reference.get(code, 0) / m
        distance += abs(ahead) * width
    return distance


def _pooled(pairs: Iterable[tuple[float, float]], n: float, m: float) -> list[tuple[float, float]]:
    """Counts of both sides, where too few are expected on either taken together in one cell."""
    kept: list[tuple[float, float]] = []
    rest_count = rest_expected = 0.0
    fewest = min(n, m) / (n + m)
    for count, expected in pairs:
        if (count + expected) * fewest >= LEAST_EXPECTED:
            kept.append((count, expected))
        else:
            rest_count += count
            rest_expected += expected
    if not rest_count and not rest_expected:
        return kept
    if kept and (rest_count + rest_expected) * fewest < LEAST_EXPECTED:
        smallest = min(range(len(kept)), key=lambda place: sum(kept[place]))
        count, expected = kept.pop(smallest)
        rest_count, rest_expected = rest_count + count, rest_expected + expected
    return [*kept, (rest_count, rest_expected)]


def _term(count: float, n: float, expected: float, m: float, cells: int) -> float:
    p = (count + _PRIOR) / (n + _PRIOR * cells)
    q = (expected + _PRIOR) / (m + _PRIOR * cells)
    return (p - q) * math.log(p / q)


def _chi2(count: float, n: float, expected: float, m: float) -> float:
    """Both samples' part in the two-sample statistic (Press et al., Numerical Recipes, 3rd edition, 14.3)."""
    difference = count * math.sqrt(m / n) - expected * math.sqrt(n / m)
    return difference * difference / (count + expected) if count + expected else 0.0
