"""``python -m load_tests``."""

import subprocess
import sys


def test_what_is_not_installed_is_named() -> None:
    """After `make run` alone it says in one line what is missing, and which command brings it."""
    without = "import runpy, sys; sys.modules['psutil'] = None; runpy.run_module('load_tests', run_name='__main__')"
    done = subprocess.run((sys.executable, "-c", without), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "error: the load tests need psutil, which is not installed: make develop\n"
