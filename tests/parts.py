"""Real parts that tests start: in CI a missing one is a failure, elsewhere a skip that says how to get it."""

import os
import shutil
from typing import NoReturn

import pytest


def missing(what: str, how: str) -> NoReturn:
    """Fail where everything has to be there, skip elsewhere and say how to get it."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing: {how}")
    pytest.skip(f"{what} is missing: {how}")


def require(program: str, how: str) -> str:
    """The path of a program."""
    return shutil.which(program) or missing(program, how)
