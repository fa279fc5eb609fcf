"""Ports for what is started on this machine for a moment."""

import os
import random
import socket
from collections.abc import Iterator
from functools import cache
from itertools import cycle

_BLOCK = 1000


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on, and that this process was not given just before.

    It is below those that the kernel gives to callers (32,768 and up on Linux): any connection could take one of theirs
    before the server that it is for has bound it.
    """
    while True:
        port = next(_ports(os.getpid()))
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


@cache
def _ports(pid: int) -> Iterator[int]:
    """A block of ports in an order of its own; processes that were started side by side have different blocks."""
    block = 20_000 + pid % 8 * _BLOCK
    return cycle(random.sample(range(block, block + _BLOCK), _BLOCK))  # nothing depends on its being hard to guess
