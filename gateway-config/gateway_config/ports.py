"""Ports for what is started on this machine for a moment."""

import random
import socket


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on.

    It is below those that the kernel gives to callers (32,768 and up on Linux): any connection could take one of theirs
    before the server that it is for has bound it.
    """
    while True:
        port = random.randrange(20_000, 28_000)  # noqa: S311 - nothing depends on its being hard to guess
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
