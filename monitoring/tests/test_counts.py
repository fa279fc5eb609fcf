"""Counts of a reference."""

import hashlib
import shutil
from pathlib import Path

import msgspec
import pytest

from model_files.manifest import MANIFEST_FILE
from model_files.reference_file import REFERENCE_FILE
from monitoring.counting.counts import JOINT, PREDICTION, PROBABILITY, of_reference
from monitoring.counting.cube import ANSWER, CELL
from monitoring.watched import RESERVED, Watched, read, read_all


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
    assert set(found.numbers) == {"age"}
    assert sum(found.numbers["age"].rows) + found.subjects["age"][-1] == found.rows


@pytest.mark.parametrize("name", [ANSWER, CELL, JOINT, PREDICTION, PROBABILITY])
def test_a_feature_named_as_something_else_that_is_counted_is_refused(
    small_models: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """It would be added to that. The log names it, and the other models are watched."""
    for model in ("mixed", "iris"):
        shutil.copytree(small_models / model, tmp_path / model)
    folder = tmp_path / "mixed/1"
    for file in (REFERENCE_FILE, MANIFEST_FILE):  # the reference first, as the manifest has its digest
        (folder / file).write_bytes((folder / file).read_bytes().replace(b'"city"', f'"{name}"'.encode()))
    manifest = msgspec.json.decode((folder / MANIFEST_FILE).read_bytes())
    manifest["files"][REFERENCE_FILE] = hashlib.sha256((folder / REFERENCE_FILE).read_bytes()).hexdigest()
    (folder / MANIFEST_FILE).write_bytes(msgspec.json.encode(manifest))
    assert [each.name for each in read_all(tmp_path)] == ["iris"]
    assert f"mixed/1: features are named ['{name}'], expected other names than" in caplog.text
    assert name in RESERVED
