"""A part's process: its own session, its log, and how it ends."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from puerta.child import Child
from puerta.part import Part

pytestmark = pytest.mark.platform

Start = Callable[..., Child]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a Python script as a part; whatever still runs at the end is killed."""
    children: list[Child] = []

    def start(script: str, prepare: Callable[[], None] = lambda: None, *, speaks: bool = False) -> Child:
        part = Part(
            name="part",
            command=(sys.executable, "-c", script),
            ports=(),
            ready="http://127.0.0.1:9/ready",
            environment={"PART": "its own"},
            prepare=prepare,
            speaks=speaks,
        )
        child = Child(part, {"RUNNER": "the runner's", "PART": "overruled"}, tmp_path)
        children.append(child)
        child.start()
        return child

    yield start
    for child in children:
        child.kill()


def ended(child: Child) -> str:
    """Wait for its end, and give it in words."""
    while (how := child.ended()) is None:
        os.sched_yield()
    return how


@pytest.mark.parametrize(
    ("script", "how"),
    [
        ("", "ended with exit code 0"),
        ("raise SystemExit(3)", "ended with exit code 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGABRT)", "was ended by SIGABRT"),
    ],
)
def test_how_it_ended(start: Start, script: str, how: str) -> None:
    """The end is told in words."""
    child = start(script)
    assert ended(child) == how
    assert not child.running()


def test_log(start: Start) -> None:
    """Both outputs go to its log, which is added to; its tail is the last lines, long ones cut off."""
    for _ in range(2):
        ended(start("import sys; print('out', flush=True); print('err' * 200, file=sys.stderr)"))
    child = start("for i in range(100): print(i)")
    ended(child)
    assert child.tail().splitlines() == [str(i) for i in range(85, 100)]
    lines = child.log.read_text().splitlines()
    assert lines[:3] == ["out", "err" * 200, "out"]


def test_one_that_speaks(start: Start, capfd: pytest.CaptureFixture[str]) -> None:
    """What it says is said by the runner too; what goes wrong is in its log."""
    child = start("import sys; print('out'); print('err', file=sys.stderr)", speaks=True)
    ended(child)
    assert capfd.readouterr() == ("out\n", "")
    assert child.tail() == "err"


def test_long_line(start: Start) -> None:
    """A line too long to read is cut off in the tail."""
    child = start("print('x' * 100_000)")
    ended(child)
    assert child.tail() == "x" * 300


def test_environment(start: Start) -> None:
    """It has the runner's environment, and its own over it, and nothing else."""
    child = start("import os; print(sorted((k, v) for k, v in os.environ.items() if k in ('RUNNER', 'PART', 'HOME')))")
    ended(child)
    assert child.tail() == "[('PART', 'its own'), ('RUNNER', \"the runner's\")]"


def test_session(start: Start) -> None:
    """It is in a session of its own, which the terminal's Ctrl-C does not reach, and reads no terminal."""
    child = start("import os, sys; print(os.getsid(0) == os.getpid(), repr(sys.stdin.read()))")
    ended(child)
    assert child.tail() == "True ''"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has SCHED_BATCH")
def test_scheduling(start: Start) -> None:
    """Nothing that arrives for it interrupts another part's work."""
    child = start("import os; print(os.sched_getscheduler(0) == os.SCHED_BATCH)")
    ended(child)
    assert child.tail() == "True"


def test_prepare_comes_first(start: Start, tmp_path: Path) -> None:
    """What must be there before it starts is there."""
    made = tmp_path / "made"
    child = start(f"print(open({str(made)!r}).read())", lambda: made.write_text("prepared") and None)
    ended(child)
    assert child.tail() == "prepared"


def test_not_ready(start: Start) -> None:
    """What does not answer is not ready, and says why."""
    child = start("import time; time.sleep(600)")
    assert not child.ready()
    assert child.answer.startswith("does not answer (")
    assert child.running()
    child.terminate()
    assert ended(child) == "was ended by SIGTERM"
    child.terminate()
    child.kill()


def test_program_that_is_not_there(tmp_path: Path) -> None:
    """A program that can't be found is an error with its name."""
    part = Part(name="part", command=("/no/such/program",), ports=(), ready="")
    with pytest.raises(OSError, match="/no/such/program"):
        Child(part, {}, tmp_path).start()
