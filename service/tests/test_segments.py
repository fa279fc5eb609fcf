"""What was appended is what a reader gets: in order, whole, whatever happens to the process, the disk or the folder."""

import errno
import fcntl
import os
import re
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.segments import SegmentLog

NAME = re.compile(r"test-\d{8}T\d{6}-\d+-\d{6}\.jsonl(\.open)?")


class Clock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The time of the segments under test."""
    return Clock()


@pytest.fixture
def make(tmp_path: Path, clock: Clock) -> Iterator[Callable[..., SegmentLog]]:
    """Makes logs in one folder; closed after the test."""
    logs = []

    def make_one(
        name: str = "test", *, max_bytes: int = 1000, max_seconds: float = 60.0, sync: bool = False
    ) -> SegmentLog:
        log = SegmentLog(tmp_path / "log", name, max_bytes=max_bytes, max_seconds=max_seconds, sync=sync, clock=clock)
        logs.append(log)
        return log

    yield make_one
    for log in logs:
        log.close()


def files(folder: Path) -> list[str]:
    """The names in a folder, in order."""
    return sorted(path.name for path in folder.iterdir())


def content(folder: Path) -> bytes:
    """What a reader of every segment, open ones included, gets."""
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def kinds(folder: Path) -> tuple[int, int]:
    """How many segments are closed, and how many open."""
    names = files(folder)
    still_open = [name for name in names if name.endswith(".jsonl.open")]
    return len(names) - len(still_open), len(still_open)


def test_a_line_is_there_when_append_returns(make: Callable[..., SegmentLog], tmp_path: Path) -> None:
    """Read by somebody else, without closing: what was answered outlives the process."""
    log = make()
    assert not (tmp_path / "log").exists()  # nothing is made before there is something to write
    log.append(b'{"n":1}\n')
    log.append(b'{"n":2}\n{"n":3}\n')
    (name,) = files(tmp_path / "log")
    assert NAME.fullmatch(name)
    assert name.endswith(".open")
    assert content(tmp_path / "log") == b'{"n":1}\n{"n":2}\n{"n":3}\n'


def test_closing_renames(make: Callable[..., SegmentLog], tmp_path: Path) -> None:
    """A closed segment says so by its name, and a later append opens another."""
    log = make()
    log.append(b"1\n")
    log.close()
    log.close()
    assert kinds(tmp_path / "log") == (1, 0)
    log.append(b"2\n")
    assert kinds(tmp_path / "log") == (1, 1)
    log.close()
    assert content(tmp_path / "log") == b"1\n2\n"


def test_rotation_by_size(make: Callable[..., SegmentLog], tmp_path: Path) -> None:
    """A segment is closed once it has reached its size; what comes in one append stays together."""
    log = make(max_bytes=4)
    for number in range(5):
        log.append(b"%d\n" % number)
    assert [path.stat().st_size for path in sorted((tmp_path / "log").iterdir())] == [4, 4, 2]
    assert kinds(tmp_path / "log") == (2, 1)
    log.append(b"long line\n")
    log.append(b"x\n")
    assert content(tmp_path / "log") == b"0\n1\n2\n3\n4\nlong line\nx\n"


def test_rotation_by_time(make: Callable[..., SegmentLog], tmp_path: Path, clock: Clock) -> None:
    """An old segment is closed by the tick, so that a quiet service's events reach the readers of closed ones."""
    log = make(max_seconds=60)
    log.append(b"1\n")
    clock.now += 59
    log.tick()
    assert kinds(tmp_path / "log") == (0, 1)
    clock.now += 1
    log.tick()
    log.tick()
    assert kinds(tmp_path / "log") == (1, 0)
    log.append(b"2\n")
    assert kinds(tmp_path / "log") == (1, 1)


def test_nothing_is_overwritten(make: Callable[..., SegmentLog], tmp_path: Path) -> None:
    """Two writers of one name in one second, as a container that restarts at once: each keeps its segments."""
    for number in range(3):
        log = make()
        log.append(b"%d\n" % number)
        log.close()
    first, second = make(), make()
    first.append(b"3\n")
    second.append(b"4\n")
    first.close()
    second.close()
    assert kinds(tmp_path / "log") == (5, 0)
    assert sorted(content(tmp_path / "log").split()) == [b"0", b"1", b"2", b"3", b"4"]


def test_nothing_is_overwritten_by_another_container(
    make: Callable[..., SegmentLog], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two containers write to one volume, each by the same name, as process 1: one closes as the other opens its own."""
    first, second = make(), make()
    first.append(b"1\n")
    opening = os.open

    def late(path: Path, flags: int, mode: int = 0o777) -> int:
        first.close()  # between the second one's look at the name and its opening of it
        return opening(path, flags, mode)

    monkeypatch.setattr(os, "open", late)
    second.append(b"2\n")
    second.close()
    assert kinds(tmp_path / "log") == (2, 0)
    assert sorted(content(tmp_path / "log").split()) == [b"1", b"2"]


def test_the_tick_of_an_unused_log(make: Callable[..., SegmentLog]) -> None:
    """Nothing was written: nothing to close, nothing to recover."""
    log = make()
    log.tick()
    log.close()
    assert log.recover() == []


def _write_and_die(folder: Path, lines: bytes, *, hold: bool = False) -> "subprocess.Popen[bytes]":
    code = (
        "import sys, os, signal; from pathlib import Path; from service.segments import SegmentLog\n"
        "log = SegmentLog(Path(sys.argv[1]), 'test', max_bytes=1000, max_seconds=60)\n"
        "log.append(sys.argv[2].encode()); print('written', flush=True)\n"
        "sys.stdin.read() if sys.argv[3] == 'hold' else os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    arguments = [sys.executable, "-c", code, str(folder), lines.decode(), "hold" if hold else "die"]
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"written\n"
    return process


def test_recovery_after_a_kill(make: Callable[..., SegmentLog], tmp_path: Path) -> None:
    """What a killed process wrote is closed by the next one, without the half line that the kill left."""
    folder = tmp_path / "log"
    with _write_and_die(folder, b"1\n2\n{half") as process:
        assert process.wait() == -signal.SIGKILL
    assert kinds(folder) == (0, 1)
    (recovered,) = make().recover()
    assert recovered.read_bytes() == b"1\n2\n"
    assert kinds(folder) == (1, 0)
    assert make().recover() == []


def test_a_living_process_is_left_alone(make: Callable[..., SegmentLog], tmp_path: Path) -> None:
    """Another instance that shares the folder goes on writing to its own segment."""
    folder = tmp_path / "log"
    with _write_and_die(folder, b"1\n", hold=True) as process:
        assert make().recover() == []
        assert kinds(folder) == (0, 1)
        process.kill()
    assert len(make().recover()) == 1


@pytest.mark.parametrize(
    ("left", "kept"),
    [
        (b"", b""),
        (b"half", b""),
        (b"1\n", b"1\n"),
        (b"1\nhalf", b"1\n"),
        (b"1\n" + b"x" * 200_000, b"1\n"),
        (b"x" * 65_536, b""),
        (b"1\n" * 40_000 + b"h", b"1\n" * 40_000),
    ],
)
def test_half_lines_are_cut(make: Callable[..., SegmentLog], tmp_path: Path, left: bytes, kept: bytes) -> None:
    """Only whole lines are ever in a closed segment; nothing before the half line is touched."""
    folder = tmp_path / "log"
    folder.mkdir()
    (folder / "test-20260101T000000-1-000001.jsonl.open").write_bytes(left)
    (folder / "notes.txt").write_bytes(b"not a segment")
    make().recover()
    closed = folder / "test-20260101T000000-1-000001.jsonl"
    assert (closed.read_bytes() if closed.exists() else b"") == kept
    assert kinds(folder)[1] == 0
    assert (folder / "notes.txt").exists()


def test_recovery_by_two_at_once(
    make: Callable[..., SegmentLog], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Instances that start together find the same segments: whoever comes second passes over them."""
    folder = tmp_path / "log"
    folder.mkdir()
    for number in range(3):
        (folder / f"test-20260101T000000-1-00000{number}.jsonl.open").write_bytes(b"%d\n" % number)
    other = make()
    opening = os.open

    def open_late(path: Path, flags: int) -> int:
        monkeypatch.setattr(os, "open", opening)
        other.recover()  # between the first's look at the folder and its hold of the segment
        return opening(path, flags)

    monkeypatch.setattr(os, "open", open_late)
    make().recover()
    assert kinds(folder) == (3, 0)
    assert content(folder) == b"0\n1\n2\n"
    locking = fcntl.flock

    def lock_late(descriptor: int, how: int) -> None:
        monkeypatch.setattr(fcntl, "flock", locking)
        other.recover()
        locking(descriptor, how)

    (folder / "test-20260101T000000-1-000009.jsonl.open").write_bytes(b"9\n")
    monkeypatch.setattr(fcntl, "flock", lock_late)
    make().recover()
    assert content(folder) == b"0\n1\n2\n9\n"


def test_recovery_never_closes_what_is_being_opened(
    make: Callable[..., SegmentLog], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between making a segment and locking it, another's recovery may take it: then another one is made."""
    locking = fcntl.flock
    log, other = make(), make("other")

    def recover_first(descriptor: int, how: int) -> None:
        monkeypatch.setattr(fcntl, "flock", locking)
        other.recover()
        locking(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", recover_first)
    log.append(b"1\n")
    log.append(b"2\n")
    (open_one,) = (tmp_path / "log").glob("*.open")
    assert open_one.read_bytes() == b"1\n2\n"


def test_a_full_disk_takes_all_or_nothing(
    make: Callable[..., SegmentLog], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that stops half way leaves no half line, and the log goes on when there is room again."""
    log = make()
    log.append(b"1\n")
    writing = os.write
    calls: list[int] = []

    def half_a_write(descriptor: int, data: bytes) -> int:
        calls.append(len(data))
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return writing(descriptor, data[:3])

    monkeypatch.setattr(os, "write", half_a_write)
    with pytest.raises(OSError, match="No space left"):
        log.append(b"second\nthird\n")
    monkeypatch.undo()
    assert calls == [13, 10]
    assert content(tmp_path / "log") == b"1\n"
    log.append(b"4\n")
    assert content(tmp_path / "log") == b"1\n4\n"


def test_a_short_write_is_continued(
    make: Callable[..., SegmentLog], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel may take less than it was given."""
    log = make()
    writing = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: writing(descriptor, data[:2]))
    log.append(b"12345\n")
    monkeypatch.undo()
    log.append(b"6\n")
    assert content(tmp_path / "log") == b"12345\n6\n"


def test_a_disk_that_does_not_keep_its_word(
    make: Callable[..., SegmentLog], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where an append waits for the disk and the disk fails, the lines are not in the log, as was said."""
    log = make(sync=True)
    log.append(b"1\n")

    def fail(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output"):
        log.append(b"2\n")
    monkeypatch.undo()
    log.append(b"3\n")
    assert content(tmp_path / "log") == b"1\n3\n"


def test_the_real_limit_of_a_file(tmp_path: Path) -> None:
    """The kernel itself cuts a write short and refuses the rest (here a file size limit, as a full disk would)."""
    code = (
        "import sys, signal, resource; from pathlib import Path; from service.segments import SegmentLog\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "log = SegmentLog(Path(sys.argv[1]), 'test', max_bytes=10**9, max_seconds=60)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))\n"
        "refused = 0\n"
        "for n in range(150):\n"
        "    try: log.append(b'%09d\\n' % n)\n"
        "    except OSError: refused += 1\n"
        "try: log.append(b'x' * 7 + b'\\n')\n"
        "except OSError: refused += 1\n"
        "log.close(); print(refused)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "log")], capture_output=True, check=True)
    assert done.stdout == b"51\n"
    assert content(tmp_path / "log") == b"".join(b"%09d\n" % number for number in range(100))
    assert kinds(tmp_path / "log") == (1, 0)
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_the_folder_taken_away(make: Callable[..., SegmentLog], tmp_path: Path) -> None:
    """Someone cleans up: the next tick notices, and what comes after it goes into a new folder."""
    log = make()
    log.append(b"1\n")
    for path in (tmp_path / "log").iterdir():
        path.unlink()
    (tmp_path / "log").rmdir()
    log.append(b"into nothing\n")
    log.tick()
    log.append(b"2\n")
    assert content(tmp_path / "log") == b"2\n"


def test_the_folder_moved_away(make: Callable[..., SegmentLog], tmp_path: Path, clock: Clock) -> None:
    """Moved with its segments: what was written stays with them, and a new folder is made."""
    log = make()
    log.append(b"1\n")
    (tmp_path / "log").rename(tmp_path / "archive")
    clock.now += 60
    log.tick()
    log.append(b"2\n")
    assert content(tmp_path / "archive") == b"1\n"
    assert content(tmp_path / "log") == b"2\n"


def test_a_folder_that_cannot_be(make: Callable[..., SegmentLog], tmp_path: Path) -> None:
    """A file stands where the folder should: an OSError each time, and all is well once it is gone."""
    (tmp_path / "log").write_text("a file")
    log = make()
    for _ in range(2):
        with pytest.raises(OSError, match="log"):
            log.append(b"1\n")
    log.tick()
    assert log.recover() == []
    (tmp_path / "log").unlink()
    log.append(b"2\n")
    assert content(tmp_path / "log") == b"2\n"


def test_a_file_in_the_folder_s_place(make: Callable[..., SegmentLog], tmp_path: Path, clock: Clock) -> None:
    """The folder is replaced by a file while a segment is open: neither tick nor close trips over it."""
    log = make()
    log.append(b"1\n")
    (tmp_path / "log").rename(tmp_path / "archive")
    (tmp_path / "log").write_text("a file")
    clock.now += 60
    log.tick()
    log.close()


def test_threads(make: Callable[..., SegmentLog], tmp_path: Path) -> None:
    """Lines of concurrent appends never mix, and each thread's own stay in order."""
    log = make(max_bytes=5000)

    def write(thread: int) -> None:
        for number in range(300):
            log.append(b"".join(b"%d %d %d\n" % (thread, number, part) for part in range(3)))
            if number % 50 == 0:
                log.tick()

    threads = [threading.Thread(target=write, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    lines = [tuple(map(int, line.split())) for line in content(tmp_path / "log").splitlines()]
    assert len(lines) == 4 * 300 * 3
    for thread_number in range(4):
        mine = [line[1:] for line in lines if line[0] == thread_number]
        assert mine == [(number, part) for number in range(300) for part in range(3)]


def test_descriptors_are_not_leaked(make: Callable[..., SegmentLog]) -> None:
    """A hundred rotations hold no more than one file open."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    log = make(max_bytes=1)
    for _ in range(100):
        log.append(b"1\n")
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1


LINES = st.lists(st.binary(max_size=8).map(lambda text: text.replace(b"\n", b" ") + b"\n"), min_size=1, max_size=4)
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("append"), LINES),
        st.tuples(st.just("fail"), LINES),
        st.tuples(st.sampled_from(["tick", "close", "recover", "wait", "kill"]), st.just([])),
    ),
    max_size=20,
)


@given(moves=MOVES, max_bytes=st.integers(1, 30))
def test_a_reader_gets_what_was_appended(
    tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[str, list[bytes]]], max_bytes: int
) -> None:
    """Through rotation, failed writes, kills and recovery: every line that was taken, once, in order, and no other."""
    folder = tmp_path_factory.mktemp("log")
    clock = Clock()
    writing = os.write

    def new() -> SegmentLog:
        clock.now += 1
        return SegmentLog(folder, "test", max_bytes=max_bytes, max_seconds=10, clock=clock)

    log = new()
    taken: list[bytes] = []
    for move, lines in moves:
        text = b"".join(lines)
        if move == "append":
            log.append(text)
            taken.append(text)
        elif move == "fail":
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(os, "write", _failing(writing))
                with pytest.raises(OSError, match="full"):
                    log.append(text)
        elif move == "wait":
            clock.now += 10
        elif move == "kill":  # the descriptor goes, and its lock; the name stays
            if log._descriptor is not None:
                os.close(log._descriptor)
                log._descriptor = None
            log = new()
        else:
            getattr(log, move)()
        assert content(folder) == b"".join(taken)
    log.close()
    log.recover()
    assert content(folder) == b"".join(taken)
    assert kinds(folder)[1] == 0


def _failing(writing: Callable[[int, bytes], int]) -> Callable[[int, bytes], int]:
    """A write that takes one byte, then none."""
    taken: list[int] = []

    def write(descriptor: int, data: bytes) -> int:
        if taken or len(data) == 1:
            raise OSError(errno.ENOSPC, "full")
        taken.append(1)
        return writing(descriptor, data[:1])

    return write
