"""Whole rows from shares: as many of each as its share says, to less than one row."""

import math
from collections.abc import Sequence


def fitting(rows: int, most: int) -> int:
    """So many rows that ``rows`` fit in without a remainder, ``most`` at most; ``most`` where there are more."""
    return rows * (most // rows) if 0 < rows <= most else most


def apportion(weights: Sequence[float], total: int) -> list[int]:
    """Divide ``total`` rows by weight: the whole part of each quota, and what is left to the largest remainders.

    This is Hamilton's method of apportionment. No entry is off its quota by one row or more, the sum is ``total``, and
    of equal remainders the first ones win, so that the same weights give the same rows.

    Args:
        weights: 0 or more each, in any unit.
        total: Rows to divide.

    Raises:
        ValueError: if there are rows to divide and nothing weighs anything.
    """
    whole = math.fsum(weights)
    if not total:
        return [0] * len(weights)
    if not whole > 0:
        raise ValueError(f"{total} rows can't be divided among {len(weights)} weights of which none is above 0")
    quotas = [weight * total / whole for weight in weights]
    rows = [math.floor(quota) for quota in quotas]
    left = total - sum(rows)
    by_remainder = sorted(range(len(weights)), key=lambda place: (rows[place] - quotas[place], place))
    for place in by_remainder[:left]:
        rows[place] += 1
    return rows
