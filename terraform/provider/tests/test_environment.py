"""What is fetched once and kept."""

from pathlib import Path

import pytest

from terraform.provider import environment
from terraform.provider.environment import FetchError, digest, made


def test_a_folder_is_made_once_and_again_when_its_source_changes(tmp_path: Path) -> None:
    """The digest ties what is kept to what it was made from."""
    folder, said = tmp_path / "schema", list[str]()
    with made(folder, "one", said.append) as needed:
        assert needed
        (folder / "old").touch()
    with made(folder, "one", said.append) as needed:
        assert not needed
    assert (folder / "old").exists()
    with made(folder, "two", said.append) as needed:
        assert needed
        assert not (folder / "old").exists()
    assert len(said) == 2


def test_what_was_not_finished_does_not_count(tmp_path: Path) -> None:
    """A broken download is begun anew."""
    folder = tmp_path / "wheels"
    with pytest.raises(OSError, match="cut"), made(folder, "one", print):  # noqa: PT012 - the block is what fails
        (folder / "half").touch()
        raise OSError("cut")
    with made(folder, "one", print) as needed:
        assert needed
        assert not (folder / "half").exists()


def test_a_digest_is_of_every_file(tmp_path: Path) -> None:
    """Either file's change is noticed."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("1")
    two.write_text("2")
    before = digest(one, two)
    two.write_text("3")
    assert digest(one, two) != before


@pytest.mark.platform
def test_a_failed_download_tells_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the installer said is in the error; nothing counts as fetched."""
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("./nothing-1.0-py3-none-any.whl\n")
    monkeypatch.setattr(environment, "WHEELS", requirements)
    for _ in range(2):
        with pytest.raises(FetchError, match="is a package index in reach\\?(.|\n)*nothing-1.0"):
            environment.wheels(print, tmp_path)
