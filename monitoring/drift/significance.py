"""What chance alone would do: tails of distributions, and many tests at once.

Written out rather than taken from SciPy, which costs 60 MB and a second in a process that needs four functions of it;
the tests hold them to SciPy's.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist

_TINY = 1e-300
_EPSILON = 1e-15
_MOST_TERMS = 100_000
_EXACT = 1000  # events up to which a binomial tail is summed term by term


def chi2_tail(statistic: float, freedom: int) -> float:
    """The probability that a chi-squared variable of ``freedom`` degrees exceeds ``statistic``.

    It is the regularised upper incomplete gamma function Q(freedom / 2, statistic / 2): a series below its mean, a
    continued fraction by Lentz's method above it (Press et al., Numerical Recipes, 3rd edition, 6.2).
    """
    a, x = freedom / 2, statistic / 2
    if x <= 0 or freedom < 1:
        return 1.0
    scale = math.exp(a * math.log(x) - x - math.lgamma(a))
    if scale == 0:  # beyond what a float holds, on one side of the mean or the other
        return 0.0 if x > a else 1.0
    return max(0.0, 1 - scale * _series(a, x)) if x < a + 1 else min(1.0, scale * _fraction(a, x))


def normal_tails(z: float) -> float:
    """The probability that a standard normal variable is further from 0 than ``z``."""
    return math.erfc(abs(z) / math.sqrt(2))


def rate_rise(events: float, rows: float, reference_events: float, reference_rows: float) -> float:
    """The probability of so many events or more in ``rows``, if the reference's rate still held.

    Given their sum, the window's events are binomial with p = rows / (rows + reference_rows): the exact conditional
    test of two Poisson rates (Przyborowski and Wilenski, 1940). Beyond a thousand events the normal tail is used.
    """
    total, share = round(events + reference_events), rows / (rows + reference_rows)
    observed = round(events)
    if observed <= 0:
        return 1.0
    if total > _EXACT:
        spread = math.sqrt(total * share * (1 - share))
        return 1 - NormalDist().cdf((observed - 0.5 - total * share) / spread) if spread else 1.0
    return min(1.0, math.fsum(_binomial(k, total, share) for k in range(observed, total + 1)))


def accepted(values: Sequence[float], rate: float) -> list[bool]:
    """Which of many p-values are discoveries, with at most ``rate`` of these false (Benjamini and Hochberg, 1995)."""
    bound = 0.0
    for rank, value in enumerate(sorted(values), start=1):
        if value <= rate * rank / len(values):
            bound = value
    return [value <= bound for value in values] if bound or 0.0 in values else [False] * len(values)


def _series(a: float, x: float) -> float:
    term = total = 1 / a
    for step in range(1, _MOST_TERMS):
        term *= x / (a + step)
        total += term
        if term < total * _EPSILON:
            break
    return total


def _fraction(a: float, x: float) -> float:
    b = x + 1 - a
    c, d = 1 / _TINY, 1 / b
    value = d
    for step in range(1, _MOST_TERMS):
        part = -step * (step - a)
        b += 2
        d = 1 / _off_zero(part * d + b)
        c = _off_zero(b + part / c)
        value *= d * c
        if abs(d * c - 1) < _EPSILON:
            break
    return value


def _off_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _binomial(k: int, n: int, p: float) -> float:
    if p in {0.0, 1.0}:
        return float(k == n * p)
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(ways + k * math.log(p) + (n - k) * math.log1p(-p))
