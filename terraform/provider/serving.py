"""Starts the stand-in, and tells Terraform where it listens."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from terraform.provider.environment import ROOT
from terraform.provider.store import PROVIDERS, Store

_END_SECONDS = 10.0


class ServerError(RuntimeError):
    """A stand-in that did not start; the message holds what it said."""


@contextmanager
def serving(python: Path, store: Store, tree: Path) -> Iterator[dict[str, str]]:
    """Serve what a tree's HCL names; gives the environment that lets Terraform use it in the provider's place.

    Terraform attaches to it as to a provider under development: it installs and starts none, which spares half a
    second of every command.

    Raises:
        ServerError: if it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="stand-in-") as folder:  # a socket's path must be short
        sockets = {name: f"{folder}/{name}" for name in PROVIDERS}
        command = [str(python), "-m", "terraform.provider.server", str(tree), str(store.folder)]
        command += [f"{name}={socket}" for name, socket in sockets.items()]
        with subprocess.Popen(  # noqa: S603 - this project's own program
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        ) as process:
            try:
                assert process.stdout is not None  # noqa: S101 - it is a pipe, by the line above
                if process.stdout.readline() != "ready\n":
                    raise ServerError(f"the stand-in did not start: {process.communicate()[1].strip()[-2000:]}")
                yield {"TF_REATTACH_PROVIDERS": json.dumps({f"hashicorp/{n}": _attach(s) for n, s in sockets.items()})}
            finally:
                try:
                    process.communicate(timeout=_END_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()


def _attach(socket: str) -> dict[str, object]:
    # Test: Terraform does not end a server that it did not start
    address = {"Network": "unix", "String": socket}
    return {"Protocol": "grpc", "ProtocolVersion": 6, "Pid": os.getpid(), "Test": True, "Addr": address}
