"""A state folder belongs to one platform at a time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from puerta.lock import LockError, only_one


def test_held(tmp_path: Path) -> None:
    """While it is held nobody else gets it, and is told who has it; then it is free again."""
    folder = tmp_path / "state"
    with only_one(folder), pytest.raises(LockError, match=f"process {os.getpid()}$"), only_one(folder):
        pass
    with only_one(folder):
        pass


@pytest.mark.platform
def test_let_go_by_the_dead(tmp_path: Path) -> None:
    """A process that is killed lets go."""
    script = (
        "import sys, time, pathlib\n"
        "from puerta.lock import only_one\n"
        "with only_one(pathlib.Path(sys.argv[1])):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(LockError, match=f"process {other.pid}$"), only_one(tmp_path):
            pass
        other.kill()
        other.wait()
    with only_one(tmp_path):
        pass
