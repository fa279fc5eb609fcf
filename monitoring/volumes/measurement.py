"""What a command costs: time, processor time and memory of all its processes."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import msgspec

_LOOK_SECONDS = 0.1
_PSS = re.compile(r"^Pss:\s+(\d+) kB$", re.MULTILINE)
_SAID = 400  # characters of what a command that failed said last


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Of one command: ``seconds`` on the clock, ``cpu_seconds`` of all processes, ``bytes`` resident in all at once.

    ``failure`` is why it did not end as it should; then the rest is what it cost until then.
    """

    seconds: float
    cpu_seconds: float
    bytes: int
    failure: str | None = None


def measure(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    most_seconds: float,
    most_bytes: int,
    good: Sequence[int] = (0,),
) -> Cost:
    """Run a command to its end, or until it takes too long or too much memory; then all of it is killed.

    Processor time is the kernel's own sum (``wait4``). Memory is the larger of what it knows as the peak of the largest
    process, and of the sum over all of them, looked at ten times a second.

    Args:
        command: The program and its arguments.
        folder: For what it says.
        environment: Its variables, beside those that are here and are no settings.
        most_seconds: It may take.
        most_bytes: It may have resident.
        good: Exit codes that are no failure.
    """
    with (folder / ".said").open("w+b") as said:
        began = time.monotonic()
        process = subprocess.Popen(  # noqa: S603 - our own programs
            command, env=_without_settings() | dict(environment), stdout=said, stderr=said, start_new_session=True
        )
        watch = _Watch(process.pid, most_seconds, most_bytes)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        process.returncode = code = os.waitstatus_to_exitcode(status)
        watch.end()
        said.seek(max(0, said.seek(0, os.SEEK_END) - _SAID))
        last = said.read().decode(errors="replace").strip().rsplit("\n", 1)[-1]
    failure = watch.reason or (None if code in good else f"it ended with {code}: {last}")
    return Cost(
        seconds=round(seconds, 3),
        cpu_seconds=round(usage.ru_utime + usage.ru_stime, 3),
        bytes=max(usage.ru_maxrss * 1024, watch.bytes),
        failure=failure,
    )


def _without_settings() -> dict[str, str]:
    """The environment, but for settings of the platform that would be measured instead."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PUERTA_")}


class _Watch(Thread):
    """Looks at the memory of a session's processes, and ends them where it is too much or takes too long."""

    def __init__(self, session: int, most_seconds: float, most_bytes: int) -> None:
        super().__init__(daemon=True)
        self.bytes = 0
        self.reason: str | None = None
        self._session = session
        self._most_seconds = most_seconds
        self._most_bytes = most_bytes
        self._over = Event()

    def run(self) -> None:
        """Look until it is over."""
        until = time.monotonic() + self._most_seconds
        while not self._over.wait(_LOOK_SECONDS):
            resident = sum(_resident(self._session))
            self.bytes = max(self.bytes, resident)
            if resident > self._most_bytes:
                self.reason = f"more than {self._most_bytes / 1e9:g} GB"
            elif time.monotonic() > until:
                self.reason = f"more than {self._most_seconds:g} s"
            if self.reason:
                with suppress(ProcessLookupError):  # it ended just now
                    os.killpg(self._session, signal.SIGKILL)
                return

    def end(self) -> None:
        """The process is gone."""
        self._over.set()
        self.join()


def _resident(session: int) -> Iterator[int]:
    """Resident bytes of each process of a session; of what several share, each has its part (the kernel's Pss)."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            _, _, fields = stat.read_text().rpartition(") ")
            if int(fields.split()[3]) == session:
                found = _PSS.search((stat.parent / "smaps_rollup").read_text())
                yield 1024 * int(found.group(1)) if found else 0
        except OSError:
            continue  # it ended meanwhile
