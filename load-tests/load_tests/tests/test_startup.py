"""What is loaded in a process."""

import os
import sys

import pytest

from load_tests import startup

LOG = """\
import time: self [us] | cumulative | imported package
import time:       100 |        200 |   encodings
import time:       100 |        200 |   encodings.utf_8
{"message": "import time: of day"}
import time:        12 |         34 |     sklearn.linear_model
"""


def test_import_times_name_the_modules() -> None:
    """Top-level names are read from the interpreter's lines, whatever else is in the log."""
    assert startup.modules_in(LOG) == {"encodings", "sklearn"}


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_mapped_libraries_are_packages() -> None:
    """A compiled package that this process has loaded is seen; a process that is not there maps nothing."""
    import numpy as np

    assert np.__name__ in startup.mapped_libraries(os.getpid())
    assert startup.mapped_libraries(2**22 + 1) == set()
