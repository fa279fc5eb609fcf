"""Estimator files: skops only, the same bytes each time, and nothing of a stranger's is ever run."""

import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import Birch
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from model_files.estimator_file import EstimatorFileError, UntrustedTypesError, dump, load, loads

ROWS = np.array([["a"], ["b"], ["c"], ["b"]], dtype=object)
TARGET = [0, 1, 0, 1]


class Homemade(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """An estimator that no library knows."""


def _pipeline() -> object:
    return make_pipeline(OneHotEncoder(), LogisticRegression()).fit(ROWS, TARGET)


def test_what_is_written_is_read_again() -> None:
    """The same probabilities, from a file that is still plain skops."""
    model = _pipeline()
    again = loads(dump(model), "model.skops")
    np.testing.assert_array_equal(again.predict_proba(ROWS), model.predict_proba(ROWS))  # type: ignore[attr-defined]
    np.testing.assert_array_equal(skops.io.loads(dump(model)).predict(ROWS), again.predict(ROWS))


def test_the_same_estimator_gives_the_same_bytes(tmp_path: Path) -> None:
    """In another process too, whatever the addresses and the time."""
    program = (
        "import sys; from model_files.tests import test_estimator_file as t; from model_files.estimator_file import dump;"
        "sys.stdout.buffer.write(dump(t._pipeline()))"
    )
    other = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, cwd=tmp_path)
    assert other.stdout == dump(_pipeline())


@pytest.mark.parametrize("suffix", [".pkl", ".pickle", ".joblib"])
def test_a_pickle_is_refused_by_its_name(tmp_path: Path, suffix: str) -> None:
    """It is not even looked into, and the message says what to do instead."""
    with pytest.raises(EstimatorFileError, match=r"never opened.*skops\.io\.dump\(estimator, 'model\.skops'\)"):
        load(tmp_path / f"model{suffix}")


def test_a_pickle_under_another_name_is_refused(tmp_path: Path) -> None:
    """By its first byte."""
    path = tmp_path / "model.skops"
    path.write_bytes(b"\x80\x04N.")  # nothing, pickled
    with pytest.raises(EstimatorFileError, match="it is a pickle"):
        load(path)


@pytest.mark.parametrize(
    ("estimator", "name"),
    [(Homemade(), "Homemade"), (RandomForestClassifier(2).fit([[0], [1]], [0, 1]), r"sklearn\.tree\._tree\.Tree")],
)
def test_a_type_that_is_not_trusted_is_refused_by_name(tmp_path: Path, estimator: object, name: str) -> None:
    """Nothing is built from it, also where scikit-learn made it: a crafted tree reads where it must not."""
    path = tmp_path / "model.skops"
    skops.io.dump(estimator, path)
    with pytest.raises(UntrustedTypesError, match=rf"types that skops does not trust.*: .*{name}"):
        load(path)


def test_an_estimator_that_skops_cannot_write_is_refused() -> None:
    """With skops' reason."""
    with pytest.raises(EstimatorFileError, match="Birch cannot be saved with skops"):
        dump(Birch())


def test_a_file_that_is_no_skops_file_is_refused(tmp_path: Path) -> None:
    """Text, a zip file of something else, and none at all."""
    path = tmp_path / "model.skops"
    with pytest.raises(EstimatorFileError, match="No such file"):
        load(path)
    path.write_text("hello")
    with pytest.raises(EstimatorFileError, match="it is no skops file"):
        load(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("schema.json", "{}")
    with pytest.raises(EstimatorFileError, match="skops cannot read it"):
        load(path)
