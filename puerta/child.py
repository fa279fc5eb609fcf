"""A part while it runs: its process, which never outlives this one, and its log."""

import ctypes
import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from puerta.part import Part

_PROBE_SECONDS = 1.0
_TAIL_LINES = 15
_TAIL_WIDTH = 300
_TAIL_BYTES = 65_536
_PR_SET_PDEATHSIG = 1  # prctl(2)


class Child:
    """The process of a part. It is started, watched and stopped from one thread, the main one."""

    def __init__(self, part: Part, environment: Mapping[str, str], logs: Path) -> None:
        self.part = part
        self.log = logs / f"{part.name}.log"
        self._environment = {**environment, **part.environment}
        self.answer = "was not asked"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the part, in a session of its own: Ctrl-C in the terminal is for this process alone.

        Raises:
            OSError: if the program can't be started; and whatever the part's ``prepare`` raises.
        """
        self.part.prepare()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the parts' own programs
                self.part.command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=None if self.part.speaks else log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_as_part(),  # noqa: PLW1509 - this process has no other thread
            )

    def ended(self) -> str | None:
        """How the process ended, in words; None while it runs."""
        code = self._process.poll() if self._process else None
        if code is None:
            return None
        return f"ended with exit code {code}" if code >= 0 else f"was ended by {signal.Signals(-code).name}"

    def ready(self) -> bool:
        """Whether the part says that it does its work; if not, ``answer`` is what it says instead."""
        target = urlsplit(self.part.ready)
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=_PROBE_SECONDS)
        try:
            connection.request("GET", target.path)
            status = connection.getresponse().status
            self.answer = f"answers {status}"
            return status == http.client.OK
        except (OSError, http.client.HTTPException) as error:
            self.answer = f"does not answer ({error})"
            return False
        finally:
            connection.close()

    def terminate(self) -> None:
        """Ask the process to stop."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def kill(self) -> None:
        """Make the process stop."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def running(self) -> bool:
        """Whether there is a process."""
        return self._process is not None and self._process.poll() is None

    def tail(self) -> str:
        """The last lines of the log, the long ones cut off."""
        with self.log.open("rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - _TAIL_BYTES))
            lines = log.read().decode(errors="replace").splitlines()
        return "\n".join(line[:_TAIL_WIDTH] for line in lines[-_TAIL_LINES:])


def _as_part() -> Callable[[], None] | None:
    """What makes the kernel kill a child when this process is gone, however that happened (Linux only).

    And not stop another part's work for it whenever something arrives (``SCHED_BATCH``, sched(7)): parts that ask each
    other find more to do at once, and answer more with the same cores.
    """
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        with suppress(OSError):  # a sandbox may refuse it, and it is only faster
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        if os.getppid() != parent:  # it was gone before the kernel knew
            os._exit(1)

    return tie
