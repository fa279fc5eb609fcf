"""A series as one number (https://grafana.com/docs/grafana/latest/panels-visualizations/query-transform-data/calculation-types/)."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

Reduce = Callable[[Sequence[float]], float]


def reduce(values: Sequence[float], how: str) -> float | None:
    """One number of many, by one of Grafana's calculations; None where there is none to take it from.

    Raises:
        ValueError: if the preview does not know the calculation.
    """
    if how not in _REDUCERS:
        raise ValueError(f"the preview knows no calculation {how}")
    if how in {"last", "first"}:
        return values[-1 if how == "last" else 0] if values else None
    known = [value for value in values if not math.isnan(value)]
    return _REDUCERS[how](known) if known else None


_REDUCERS: dict[str, Reduce] = {
    "lastNotNull": lambda values: values[-1],
    "last": lambda values: values[-1],
    "firstNotNull": lambda values: values[0],
    "first": lambda values: values[0],
    "mean": lambda values: sum(values) / len(values),
    "min": min,
    "max": max,
    "sum": sum,
    "count": len,
    "range": lambda values: max(values) - min(values),
    "diff": lambda values: values[-1] - values[0],
    "delta": lambda values: sum(max(b - a, 0) for a, b in pairwise(values)),
    "distinctCount": lambda values: len(set(values)),
}

WORDS = {
    "lastNotNull": "Last",
    "last": "Last",
    "firstNotNull": "First",
    "first": "First",
    "mean": "Mean",
    "min": "Min",
    "max": "Max",
    "sum": "Total",
    "count": "Count",
    "range": "Range",
    "diff": "Difference",
    "delta": "Delta",
    "distinctCount": "Distinct",
}
