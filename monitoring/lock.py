"""One run at a time for each folder of reports."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_EVERY = 0.1  # seconds


class LockError(OSError):
    """Another run is under way; the message says which process."""


@contextmanager
def only_one(path: Path, wait: float = 0.0) -> Iterator[None]:
    """Hold a lock file; the kernel lets go of it when this process ends, however that happens.

    Args:
        path: The file, which is made and stays.
        wait: Seconds to wait for another holder.

    Raises:
        LockError: if another process holds it still.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + wait
    with path.open("a+") as lock:
        while not _taken(lock.fileno()):
            if time.monotonic() >= until:
                lock.seek(0)
                holder = lock.read().strip() or "unknown"
                raise LockError(f"{path}: another run is under way, process {holder}")
            time.sleep(_EVERY)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
