"""One run at a time for each folder of reports."""

import errno
import fcntl
import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_EVERY = 0.1  # seconds
_UNSUPPORTED = {errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK}
_log = logging.getLogger("puerta.monitoring.lock")


class LockError(OSError):
    """Another process holds it; the message says which."""


@contextmanager
def only_one(path: Path, wait: float = 0.0) -> Iterator[None]:
    """Hold a lock file; the kernel lets go of it when this process ends, however that happens.

    Where a file system knows no locks (a bucket that is mounted), nothing is held, and the log says so.

    Args:
        path: The file, which is made and stays.
        wait: Seconds to wait for another holder.

    Raises:
        LockError: if another process holds it still.
        OSError: if the file can't be opened.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + wait
    with path.open("a+") as lock:
        while not _taken(lock.fileno(), path):
            if time.monotonic() >= until:
                lock.seek(0)
                holder = lock.read().strip() or "unknown"
                raise LockError(f"{path}: process {holder} holds it")
            time.sleep(_EVERY)
        lock.truncate(0)
        lock.write(f"{os.getpid()} of {socket.gethostname()}")
        lock.flush()
        yield


def _taken(descriptor: int, path: Path) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        _log.warning("%s: no lock, as its file system has none: %s", path, error)
    return True
