"""One platform at a time for each state folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class LockError(OSError):
    """Another platform uses the state folder; the message says which process."""


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the folder; the kernel lets go of it when this process ends, however that happens.

    Raises:
        LockError: if another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "puerta.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise LockError(f"{folder}: in use by another `python -m puerta`, process {holder}") from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
