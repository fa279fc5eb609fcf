"""Reading the event log from disk."""

from pathlib import Path

from load_tests import events


def test_closed_and_open_segments_are_read(tmp_path: Path) -> None:
    """Whole lines count, torn ones are told apart, other files are not looked at."""
    (tmp_path / "a-1.jsonl").write_bytes(b'{"id":"one"}\n{"id":"two"}\n')
    (tmp_path / "a-2.jsonl.open").write_bytes(b'{"id":"two"}\nnoise\n{"other":1}\n{"id":"cut off"}')
    (tmp_path / "notes.txt").write_bytes(b'{"id":"three"}\n')
    assert events.read(tmp_path) == events.Log({"one": 1, "two": 2}, torn=3)
    assert events.count_lines(tmp_path) == 5


def test_no_log_is_empty(tmp_path: Path) -> None:
    """A folder that was never made holds no event."""
    assert events.read(tmp_path / "nowhere") == events.Log({}, torn=0)
    assert events.count_lines(tmp_path / "nowhere") == 0
