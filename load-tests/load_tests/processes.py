"""Programs under test: started on a core of their own, watched, measured, and stopped by their own id."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Self

import psutil

from load_tests.paths import ROOT

START_SECONDS = 60.0
STOP_SECONDS = 30.0
_CHILDREN_SECONDS = 2.0
_POLL_SECONDS = 0.005


class ProcessError(RuntimeError):
    """A program that did not start, died or did not stop; the message holds the end of its log."""


@dataclass(frozen=True)
class Cores:
    """Which core serves and which one asks; both None where they cannot be kept apart."""

    server: int | None
    client: int | None
    note: str

    @classmethod
    def split(cls) -> Self:
        """Take the first core for the server and the last for the client, of those this process may use."""
        if not hasattr(os, "sched_getaffinity") or shutil.which("taskset") is None:
            return cls(None, None, "not pinned: this system has no taskset, so server and client share the cores")
        allowed = sorted(os.sched_getaffinity(0))
        if len(allowed) == 1:
            return cls(None, None, "not pinned: there is only one core, so server and client share it")
        return cls(allowed[0], allowed[-1], f"server on core {allowed[0]}, client on core {allowed[-1]}")

    @contextmanager
    def as_client(self) -> Iterator[None]:
        """Move this process, and whatever it starts meanwhile, to the client's core."""
        if self.client is None:
            yield
            return
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {self.client})
        try:
            yield
        finally:
            os.sched_setaffinity(0, before)

    def on_server(self, command: tuple[str, ...]) -> tuple[str, ...]:
        """The command that runs ``command`` on the server's core."""
        return command if self.server is None else ("taskset", "--cpu-list", str(self.server), *command)


UNPINNED = Cores(None, None, "not pinned")


@dataclass(frozen=True)
class Usage:
    """What a program and its children have used: CPU seconds since their start, resident bytes now."""

    cpu_seconds: float
    rss_bytes: int


@dataclass(frozen=True)
class Launch:
    """How to start a server: its command, what to add to the environment, where it listens, what says it is ready."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    port: int
    ready_path: str
    start_seconds: float = START_SECONDS  # at most, until it is ready


@dataclass
class Server:
    """A running server. Use as a context manager: on leaving, it is stopped, or killed when it does not stop."""

    launch: Launch
    folder: Path
    cores: Cores = UNPINNED
    started: float = field(default=0.0, init=False)  # perf_counter just before exec
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def log(self) -> Path:
        """The file that holds what the server printed."""
        return self.folder / f"{self.launch.name}.log"

    @property
    def url(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self.launch.port}"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process, once started."""
        if self._process is None:
            raise ProcessError(f"{self.launch.name} was not started")
        return self._process

    def __enter__(self) -> Self:
        self.start()
        try:
            self.wait_ready(self.launch.start_seconds)
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            try:
                self.stop()
            except ProcessError:
                self.kill()
                raise

    def start(self) -> None:
        """Start the program, without waiting for it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.started = time.perf_counter()
            self._process = subprocess.Popen(  # noqa: S603 - this project's own servers
                self.cores.on_server(self.launch.command),
                cwd=ROOT,
                env={**_neutral_environment(), **self.launch.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for this program, which then stops its own
            )

    def wait_ready(self, seconds: float = START_SECONDS) -> None:
        """Wait until the ready path answers 200.

        Raises:
            ProcessError: if the program ends, or is not ready in time.
        """
        limit = time.monotonic() + seconds
        while get(self.launch.port, self.launch.ready_path) != 200:  # noqa: PLR2004 - HTTP's own OK
            if self.process.poll() is not None:
                raise ProcessError(
                    f"{self.launch.name} ended with {self.process.returncode} before it was ready{self.tail()}"
                )
            if time.monotonic() > limit:
                raise ProcessError(f"{self.launch.name} was not ready after {seconds:.0f} s{self.tail()}")
            time.sleep(_POLL_SECONDS)

    def usage(self) -> Usage:
        """CPU and memory of the program and of every process it started.

        Raises:
            ProcessError: if it is gone.
        """
        try:
            main = psutil.Process(self.process.pid)
            used = [_used(main)]
            for child in main.children(recursive=True):
                with suppress(psutil.NoSuchProcess):  # a child may end meanwhile
                    used.append(_used(child))
        except psutil.NoSuchProcess as error:
            raise ProcessError(f"{self.launch.name} is gone{self.tail()}") from error
        return Usage(sum(one.cpu_seconds for one in used), sum(one.rss_bytes for one in used))

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program."""
        self.process.send_signal(number)

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        """Wait for the end and give the exit code.

        Raises:
            ProcessError: if it does not end in time.
        """
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise ProcessError(f"{self.launch.name} had not ended after {seconds:.0f} s{self.tail()}") from error

    def stop(self) -> int:
        """Ask the program to end, and give its exit code.

        Raises:
            ProcessError: if it does not end in time.
        """
        self.send(signal.SIGTERM)
        return self.wait()

    def end(self) -> None:
        """Ask a program of others to end, and end what is left of it: it may neither stop nor clean up in time."""
        family = self._children()
        try:
            self.stop()
        except ProcessError:
            self.kill()
        _, left = psutil.wait_procs(family, timeout=_CHILDREN_SECONDS)
        for child in left:
            with suppress(psutil.NoSuchProcess):
                child.kill()

    def kill(self) -> None:
        """End the program and what it started, without asking."""
        if self.process.poll() is None:
            children = self._children()
            self.process.kill()
            for child in children:
                if child.is_running():
                    child.kill()
        self.process.wait()

    def _children(self) -> list[psutil.Process]:
        try:
            return psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def tail(self) -> str:
        """The end of what the server printed, to stand after a message; empty when it printed nothing."""
        text = self.log.read_text(errors="replace").strip() if self.log.exists() else ""
        return ":\n" + "\n".join(text.splitlines()[-12:]) if text else ""


def _used(process: psutil.Process) -> Usage:
    with process.oneshot():
        times = process.cpu_times()
        return Usage(times.user + times.system, process.memory_info().rss)


def _neutral_environment() -> dict[str, str]:
    """This process's environment without its settings of the service, which would change what is measured."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PUERTA_")}


def get(port: int, path: str, timeout: float = 5.0) -> int | None:
    """Ask one GET and give its status, or None where nobody answers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
