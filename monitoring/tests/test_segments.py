"""The files of a log."""

import os
from pathlib import Path

import pytest

from monitoring.counting.segments import list_segments


def test_a_log_is_its_closed_and_its_open_segments(tmp_path: Path) -> None:
    """By name, compressed ones too; what is none is left alone."""
    for name in ("b.jsonl.open", "a.jsonl", "c.jsonl.gz", "notes.txt", "d.jsonl.tmp"):
        (tmp_path / name).touch()
    found = list_segments(tmp_path)
    assert [segment.path.name for segment in found] == ["a.jsonl", "b.jsonl.open", "c.jsonl.gz"]
    assert [segment.is_open for segment in found] == [False, True, False]


def test_a_segment_that_is_being_compressed_is_listed_once(tmp_path: Path) -> None:
    """As its lines, until they are gone: what is compressed may not be whole yet."""
    for name in ("a.jsonl.gz", "a.jsonl", "b.jsonl.zst"):
        (tmp_path / name).touch()
    assert [segment.path.name for segment in list_segments(tmp_path)] == ["a.jsonl", "b.jsonl.zst"]
    (tmp_path / "a.jsonl").unlink()
    assert [segment.path.name for segment in list_segments(tmp_path)] == ["a.jsonl.gz", "b.jsonl.zst"]


def test_a_folder_that_is_not_there_yet_is_an_empty_log(tmp_path: Path) -> None:
    """Nothing has been predicted."""
    assert list_segments(tmp_path / "none") == []


def test_segments_that_ended_before_are_not_read(tmp_path: Path) -> None:
    """No line of a file is younger than its last change."""
    for name, modified in (("old.jsonl", 1000), ("new.jsonl", 2000)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (modified, modified))
    assert [segment.path.name for segment in list_segments(tmp_path, since=1500)] == ["new.jsonl"]


def test_a_segment_that_is_closed_meanwhile_is_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reading that sees both names, or neither, is not believed."""
    (tmp_path / "a.jsonl.open").touch()
    (tmp_path / "b.jsonl.open").touch()
    readings = []
    list_folder = Path.iterdir

    def iterdir(folder: Path) -> list[Path]:
        found = list(list_folder(folder))
        readings.append(len(found))
        if len(readings) == 1:
            (tmp_path / "a.jsonl.open").rename(tmp_path / "a.jsonl")
            return [path for path in found if path.name != "a.jsonl.open"]  # it was just being renamed
        return found

    monkeypatch.setattr(Path, "iterdir", iterdir)
    assert [segment.path.name for segment in list_segments(tmp_path)] == ["a.jsonl", "b.jsonl.open"]
