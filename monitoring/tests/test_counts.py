"""Counts of a reference."""

from pathlib import Path

from monitoring.counting.counts import of_reference
from monitoring.watched import Watched, read


def test_a_references_combinations_say_what_its_features_say(flights: Watched) -> None:
    """Every row is in one combination."""
    found = of_reference(flights)
    assert found.cells is not None
    assert sum(found.cells.values()) == found.rows == 45_698
    for place, name in enumerate(("OPERA", "TIPOVUELO", "MES")):
        summed: dict[int, float] = {}
        for cell, rows in found.cells.items():
            summed[cell[place]] = summed.get(cell[place], 0) + rows
        assert summed == found.subjects[name]


def test_a_reference_of_numbers_has_no_combinations(small_models: Path) -> None:
    """Its features and predictions are counted in bins, and what was missing is."""
    found = of_reference(read(small_models / "mixed/1"))
    assert found.cells is None
    assert found.subjects["age"][-1] > 0
    assert sum(found.subjects["age"].values()) == found.rows
