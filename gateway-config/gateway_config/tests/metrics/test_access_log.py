"""The access log as it grows: every entry once, whatever happens to the file."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gateway_config.metrics.access_log import AccessLog, Entry


class Writer:
    """Writes a log as Envoy does: on to the same file until it is told to begin anew."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.reopened = 0
        self.file = path.open("ab", buffering=0)

    def reopen(self) -> None:
        """Begin anew."""
        self.reopened += 1
        self.file.close()
        self.file = self.path.open("ab", buffering=0)

    def write(self, *statuses: int) -> None:
        """One line each."""
        for status in statuses:
            self.file.write(b'{"status":%d,"microseconds":7,"client":null,"new":"field"}\n' % status)


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    """A log with one line that is there already."""
    made = Writer(tmp_path / "access.jsonl")
    made.write(500)
    yield made
    made.file.close()


Open = Callable[[Path, int, Callable[[], None]], AccessLog]


@pytest.fixture
def open_log() -> Iterator[Open]:
    """Opens a log of at most so many bytes, whose writer is asked to begin anew; closes it at the end."""
    with ExitStack() as stack:

        def open_(path: Path, max_bytes: int, reopen: Callable[[], None]) -> AccessLog:
            log = AccessLog(path, max_bytes=max_bytes, reopen=reopen)
            stack.callback(log.close)
            return log

        yield open_


def _statuses(log: AccessLog) -> list[int]:
    return [entry.status for entry in log.read()]


def test_what_is_appended_is_read_once(writer: Writer, open_log: Open) -> None:
    """From the present end on, with fields that nobody here knows passed over."""
    log = open_log(writer.path, 1 << 20, writer.reopen)
    assert _statuses(log) == []
    writer.write(200, 401)
    assert list(log.read()) == [Entry(200, 7), Entry(401, 7)]
    assert _statuses(log) == []


def test_half_a_line_waits_for_its_end(writer: Writer, open_log: Open) -> None:
    """Blocks are written, not lines."""
    log = open_log(writer.path, 1 << 20, writer.reopen)
    writer.file.write(b'{"stat')
    assert _statuses(log) == []
    writer.file.write(b'us":204}\n{"status":')
    assert _statuses(log) == [204]
    writer.file.write(b"205}\n")
    assert _statuses(log) == [205]


def test_a_line_that_is_none_is_counted_and_passed_over(writer: Writer, open_log: Open) -> None:
    """The lines around it are read."""
    log = open_log(writer.path, 1 << 20, writer.reopen)
    writer.file.write(b'{"status":200}\nnonsense\n{"status":"x"}\n{"status":201}\n')
    assert _statuses(log) == [200, 201]
    assert log.unreadable == 2


def test_a_log_that_is_not_there_yet_is_read_from_its_beginning(tmp_path: Path, open_log: Open) -> None:
    """The gateway may start later."""
    path = tmp_path / "access.jsonl"
    log = open_log(path, 100, lambda: None)
    assert _statuses(log) == []
    path.write_bytes(b'{"status":200}\n')
    assert _statuses(log) == [200]


def test_an_emptied_log_is_read_from_its_beginning(writer: Writer, open_log: Open) -> None:
    """As tools do that keep logs short by copying and truncating them."""
    log = open_log(writer.path, 1 << 20, writer.reopen)
    writer.write(200, 200)
    assert _statuses(log) == [200, 200]
    os.truncate(writer.path, 0)
    writer.write(201)
    assert _statuses(log) == [201]


def test_a_log_is_replaced_before_it_fills_the_disk(writer: Writer, open_log: Open) -> None:
    """Nothing is lost between the two files, and no more than one old one stays."""
    log = open_log(writer.path, 500, writer.reopen)
    sent = []
    for number in range(100):
        statuses = [200 + number, 300 + number]
        writer.write(*statuses)
        sent += _statuses(log)
        assert sent[-2:] == statuses
    assert writer.reopened > 5
    assert sorted(path.name for path in writer.path.parent.iterdir()) == ["access.jsonl", "access.jsonl.1"]
    assert all(path.stat().st_size < 1000 for path in writer.path.parent.iterdir())


def test_what_the_writer_still_appends_to_the_old_file_is_read(writer: Writer, open_log: Open) -> None:
    """It begins anew when it comes to it."""
    log = open_log(writer.path, 50, lambda: None)
    writer.write(200)
    assert _statuses(log) == [200]  # and renames it
    writer.write(201)
    assert _statuses(log) == [201]
    writer.write(202)
    writer.reopen()
    writer.write(203)
    assert _statuses(log) == [202, 203]
