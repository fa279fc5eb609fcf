"""Features two by two: what moves together though each alone does not, and which two it is."""

from collections import Counter
from collections.abc import Mapping
from itertools import combinations
from typing import Final

from monitoring.counting.coding import coding
from monitoring.counting.counts import Cell, Counts
from monitoring.drift.rule import Rule
from monitoring.drift.subject import Subject
from monitoring.drift.verdict import of_cells
from monitoring.watched import Watched

MOST_FEATURES: Final = 12  # 66 pairs; of more features the pairs say less than the time they take


def pairs(window: Counts, reference: Counts, watched: Watched, rule: Rule) -> tuple[Subject, ...]:
    """Every pair of features as a subject, to be settled with the others; none where combinations are not counted."""
    names = list(watched.reference.features)
    if window.cells is None or reference.cells is None or not 2 < len(names) <= MOST_FEATURES:  # noqa: PLR2004 - two are the joint
        return ()
    codings = [coding(counted) for counted in watched.reference.features.values()]
    found = []
    for first, second in combinations(range(len(names)), 2):
        here, there = (_two(cells, first, second) for cells in (window.cells, reference.cells))
        name = f"{names[first]}, {names[second]}"
        subject = of_cells(name, here, there, [codings[first], codings[second]], reference.effective, rule)
        if subject is not None:
            found.append(subject)
    return tuple(found)


def _two(cells: Mapping[Cell, float], first: int, second: int) -> dict[Cell, float]:
    found: Counter[Cell] = Counter()
    for cell, rows in cells.items():
        found[cell[first], cell[second]] += rows  # type: ignore[assignment]  # a counter of numbers
    return dict(found)
