"""Waiting for what another process does in its own time."""

import time
from collections.abc import Callable


def eventually(happens: Callable[[], bool], what: str) -> None:
    """Wait until something is so; that it never is, is the failure."""
    until = time.monotonic() + 20
    while not happens():
        assert time.monotonic() < until, what
        time.sleep(0.02)
