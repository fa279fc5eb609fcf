"""The command: what a person sees, one line for each refusal, and an exit code for each outcome."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pandas as pd
import pytest
import skops.io
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from model_files.__main__ import main
from model_files.manifest import Feature
from model_files.package import read
from model_files.tests import packages
from model_files.tests.packages import mixed_rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A saved estimator and its data."""
    rows = mixed_rows().dropna()
    columns = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["city"]), remainder="passthrough")
    model = make_pipeline(columns, LogisticRegression(max_iter=1000)).fit(rows.drop(columns="outcome"), rows["outcome"])
    skops.io.dump(model, tmp_path / "parcel.skops")
    rows.to_csv(tmp_path / "parcels.csv", index=False)
    return tmp_path


def _package(folder: Path, *more: str, estimator: str = "parcel.skops", data: str = "parcels.csv") -> list[str]:
    paths = ["--estimator", str(folder / estimator), "--data", str(folder / data), "--out", str(folder)]
    return ["package", *paths, "--target", "outcome", "--name", "parcel", "--version", "1", *more]


def test_a_saved_estimator_and_a_data_file_become_a_package(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The schema is shown, and the package verifies and is listed."""
    assert main(_package(folder, "--cost-miss", "3", "--unseen", "count")) == 0
    shown = capsys.readouterr().out
    assert "  city    categorical  4 categories: 'Arica', 'Calama', 'Lima', 'Punta Arenas'" in shown
    manifest = read(folder / "parcel" / "1").manifest
    assert (manifest.threshold, manifest.unseen, manifest.training_data["file"]) == (0.25, "count", "parcels.csv")
    assert main(["verify", str(folder / "parcel" / "1")]) == 0
    assert "1 package, all as they say" in capsys.readouterr().out
    assert main(["list", str(folder)]) == 0
    assert capsys.readouterr().out.startswith("parcel/1                      binary        4 features")


def test_a_schema_is_written_reviewed_and_used(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first run writes it and stops; the second takes what a person made of it."""
    file = folder / "schema.json"
    assert main(_package(folder, "--schema", str(file))) == 0
    assert "review it, edit it, and run the same command again" in capsys.readouterr().out
    assert not (folder / "parcel").exists()
    edited = msgspec.json.decode(file.read_bytes())
    edited["features"][1]["range"] = [0, 120]
    file.write_bytes(msgspec.json.encode(edited))
    assert main(_package(folder, "--schema", str(file))) == 0
    assert read(folder / "parcel" / "1").manifest.features[1] == Feature("age", "number", range=(0, 120))


def _refusal(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> str:
    """Run a command that must refuse in one line."""
    assert main(arguments) == 1
    output = capsys.readouterr().err
    assert output.startswith("refused: ")
    assert output.count("\n") == 1
    return output


def test_bad_input_is_refused_in_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A pickle, a missing file, other columns, other categories, a bad name, bad costs."""
    (folder / "parcel.pkl").touch()
    assert "never opened" in _refusal(capsys, _package(folder, estimator="parcel.pkl"))
    assert "none.skops: No such file" in _refusal(capsys, _package(folder, estimator="none.skops"))
    assert "none.csv: No such file" in _refusal(capsys, _package(folder, data="none.csv"))
    assert "the cost of a miss is -1" in _refusal(capsys, _package(folder, "--cost-miss", "-1"))
    assert "$.name" in _refusal(capsys, [*_package(folder), "--name", "Parcel!"])
    assert "'late' is not in the data" in _refusal(capsys, [*_package(folder), "--target", "late"])
    rows = pd.read_csv(folder / "parcels.csv")
    rows.drop(columns="city").to_csv(folder / "narrow.csv", index=False)
    assert "'city' is not in the data" in _refusal(capsys, _package(folder, data="narrow.csv"))
    main(_package(folder, "--schema", str(folder / "schema.json")))
    capsys.readouterr()
    rows.assign(city="Quito").to_csv(folder / "quito.csv", index=False)
    wrong = _package(folder, "--schema", str(folder / "schema.json"), data="quito.csv")
    assert main(wrong) == 1
    assert "'city' holds 'Quito', expected one of its 4 categories" in capsys.readouterr().err


def test_a_forest_from_a_file_is_refused_with_a_way_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its trees are not trusted; the program that fits it can package it."""
    skops.io.dump(RandomForestClassifier(2).fit([[0], [1]], [0, 1]), folder / "forest.skops")
    refusal = _refusal(capsys, _package(folder, estimator="forest.skops"))
    assert "sklearn.tree._tree.Tree; package it from the Python program that fits it" in refusal


def test_a_version_is_only_replaced_when_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Running the same command again changes nothing and is no error."""
    assert main(_package(folder)) == main(_package(folder)) == 0
    capsys.readouterr()
    assert main(_package(folder, "--cost-miss", "5")) == 1
    assert "parcel/1: it is there and holds something else" in capsys.readouterr().err
    assert main(_package(folder, "--cost-miss", "5", "--replace")) == 0


def test_verifying_a_damaged_package_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, and the line says which file."""
    path = packages.iris(tmp_path)
    (path / "card.md").write_text("better than it is")
    assert main(["verify", str(path)]) == 1
    shown = capsys.readouterr().out
    assert "WRONG  files" in shown
    assert "iris/1: card.md has the SHA-256" in shown
    assert shown.endswith("1 package, 1 check failed\n")


def test_without_a_path_all_shipped_packages_are_verified(capsys: pytest.CaptureFixture[str]) -> None:
    """As `make` does."""
    assert main(["verify"]) == 0
    shown = capsys.readouterr().out
    assert "flight-delay/1" in shown
    assert "flight-delay-onehot/1" in shown


def test_a_command_that_is_none_is_a_usage_error() -> None:
    """Exit code 2, with the commands, from a real process."""
    done = subprocess.run([sys.executable, "-m", "model_files", "bake"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "invalid choice: 'bake'" in done.stderr
    assert "Traceback" not in done.stderr
