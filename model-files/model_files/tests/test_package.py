"""Packages on disk: read only as they were written, and written whole or not at all."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from model_files.manifest import MANIFEST_FILE
from model_files.package import PackageError, find, read, version_order, write
from model_files.tests import packages
from model_files.tests.test_manifest import GOOD

FILES = {"model.onnx": b"graph", "card.md": b"# card"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one package."""
    write(tmp_path, GOOD, FILES)
    return tmp_path


def test_a_package_is_read_as_it_was_written(folder: Path) -> None:
    """Its digests are its own, and the graph is the bytes that were digested."""
    found = read(folder / "parcel" / "1")
    assert found.graph == b"graph"
    assert set(found.manifest.files) == set(FILES)
    assert len(found.sha256) == 64


def _tamper(package: Path) -> None:
    (package / "card.md").write_bytes(b"# other")


def _lose(package: Path) -> None:
    (package / "model.onnx").unlink()


def _smuggle(package: Path) -> None:
    (package / "model.pkl").write_bytes(b"")


def _break(package: Path) -> None:
    (package / MANIFEST_FILE).write_bytes(b"{")


def _forget(package: Path) -> None:
    (package / MANIFEST_FILE).unlink()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_tamper, "card.md has the SHA-256 .* expected .* changed after packaging"),
        (_lose, "model.onnx is missing"),
        (_smuggle, "model.pkl does not belong in a package"),
        (_break, "manifest.json: "),
        (_forget, "manifest.json is missing"),
    ],
)
def test_a_damaged_package_is_refused_by_name(folder: Path, damage: object, reason: str) -> None:
    """The message names the package, the file and what is wrong."""
    damage(folder / "parcel" / "1")  # type: ignore[operator] # one of the five above
    with pytest.raises(PackageError, match=f"parcel/1: {reason}"):
        read(folder / "parcel" / "1")


def test_a_package_under_another_name_is_refused(folder: Path) -> None:
    """A version cannot be passed off as another one."""
    shutil.copytree(folder / "parcel" / "1", folder / "parcel" / "2")
    with pytest.raises(PackageError, match="parcel/2: manifest.json says parcel/1"):
        read(folder / "parcel" / "2")


def test_a_version_stays_what_it_is(folder: Path) -> None:
    """The same bytes again are welcome; others need a word."""
    assert write(folder, GOOD, FILES) == folder / "parcel" / "1"
    with pytest.raises(PackageError, match="parcel/1: it is there and holds something else"):
        write(folder, GOOD, {**FILES, "card.md": b"# new"})
    write(folder, GOOD, {**FILES, "card.md": b"# new"}, replace=True)
    assert (read(folder / "parcel" / "1").path / "card.md").read_bytes() == b"# new"
    assert [entry.name for entry in (folder / "parcel").iterdir()] == ["1"]


def test_a_package_being_written_is_not_found(folder: Path) -> None:
    """A service that looks meanwhile sees whole packages only."""
    shutil.copytree(folder / "parcel" / "1", folder / "parcel" / ".2.partial")
    assert find(folder) == [folder / "parcel" / "1"]


def test_packages_are_found_oldest_version_first(tmp_path: Path) -> None:
    """10 comes after 9."""
    for version in ("10", "9", "1.10", "1.9"):
        (tmp_path / "m" / version).mkdir(parents=True)
        (tmp_path / "m" / version / MANIFEST_FILE).touch()
    assert [path.name for path in find(tmp_path)] == ["1.9", "1.10", "9", "10"]
    assert version_order("2.0") < version_order("2.0a")


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    """With what was expected in it."""
    with pytest.raises(PackageError, match="not a folder, expected <name>/<version>/"):
        find(tmp_path / "nowhere")


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """A file in the way is named."""
    (tmp_path / "parcel").write_text("in the way")
    with pytest.raises(PackageError, match="parcel/1: .*parcel"):
        write(tmp_path, GOOD, FILES)


def test_reading_needs_no_scikit_learn(tmp_path: Path) -> None:
    """The service reads packages with msgspec alone."""
    path = packages.iris(tmp_path)
    heavy = ("sklearn", "pandas", "numpy", "onnx", "onnxruntime", "skl2onnx", "matplotlib", "skops")
    program = (
        "import sys; from pathlib import Path; from model_files.package import read;"
        f"read(Path({str(path)!r})); print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
