"""Where numbers are now and where they were in training, in their own unit. It is told, and has no verdict.

The verdict on a feature of numbers is that on its bins and on how many are out of range: a distance in units grows with
a single value that is far enough out, however many others are as they were.
"""

from typing import Final

from monitoring.counting.distribution import Distribution, transport
from monitoring.drift.subject import Numbers

SHARES: Final = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
_DIGITS = 6  # more than a bucket knows, and the same on every machine


def compare(here: Distribution, there: Distribution, *, coarse: bool) -> Numbers | None:
    """The quantiles of a window and of the training data, and how far these are apart. None where one has no numbers."""
    if not here.rows or not there.rows:
        return None
    deviation = 0.0 if coarse else there.deviation()
    return Numbers(
        quantiles=_quantiles(here),
        reference_quantiles=_quantiles(there),
        distance=_rounded(transport(here, there) / deviation) if deviation else None,
        coarse=coarse,
    )


def _quantiles(distribution: Distribution) -> dict[str, float]:
    return {f"{share:g}": _rounded(distribution.quantile(share)) for share in SHARES}


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
