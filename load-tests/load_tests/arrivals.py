"""When the requests of an open loop are due."""

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Arrivals = Literal["fixed", "poisson"]
ARRIVALS: tuple[Arrivals, ...] = get_args(Arrivals)


def schedule(rate: float, seconds: float, arrivals: Arrivals, seed: int) -> NDArray[np.float64]:
    """The moments in seconds from the start at which a request is due, ascending, of shape (n,).

    ``fixed`` puts them 1/rate apart. ``poisson`` draws independent exponential gaps of that mean, as many callers who
    know nothing of each other would come.
    """
    if arrivals == "fixed":
        return np.arange(round(rate * seconds)) / rate
    random = np.random.default_rng(seed)
    enough = int(rate * seconds + 10 * (rate * seconds) ** 0.5 + 10)
    moments = np.cumsum(random.exponential(1 / rate, enough))
    return moments[moments < seconds]
