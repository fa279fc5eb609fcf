"""CPU and memory of each part of the platform, and of what loads it, over time."""

import os
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Self

import psutil

INTERVAL_SECONDS = 1.0
CLIENT = "load client"
# The words that a part's command line has one after another, and the part: the first that is found.
_MARKS = (
    ("-m gateway_config metrics", "gateway-metrics"),
    ("-m service", "service"),
    ("-m puerta", "runner"),
)
_PROGRAMS = {"prometheus": "prometheus", "envoy": "gateway"}


@dataclass(frozen=True)
class Look:
    """One part at a moment: seconds since the epoch, CPU seconds since its start, resident bytes."""

    at: float
    part: str
    cpu_seconds: float
    rss_bytes: int


@dataclass(frozen=True)
class Used:
    """One part over a span of time: the cores that it kept busy, and its highest memory."""

    part: str
    cores: float
    peak_bytes: int


class Watch:
    """Looks at a process, all that it started, and this program's own children, until the context is left."""

    def __init__(self, pid: int | None) -> None:
        self.looks: list[Look] = []
        self._pid = pid
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._look, name="parts", daemon=True)
        self._ended: dict[int, float] = {}  # CPU of clients that have come to their end, as far as it was seen

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()

    def _look(self) -> None:
        while True:
            self.looks += self._now()
            if self._enough.wait(INTERVAL_SECONDS):
                return

    def _now(self) -> list[Look]:
        at = time.time()
        own = psutil.Process(os.getpid())
        platform = self._family(self._pid) if self._pid is not None else []
        ours = {process.pid for process in platform}
        found = [(name_of(_line(process)), process) for process in platform]
        clients = [process for process in own.children(recursive=True) if process.pid not in ours]
        looks: dict[str, Look] = {}
        for part, process in [*found, *((CLIENT, process) for process in [own, *clients])]:
            try:
                with process.oneshot():
                    times, rss = process.cpu_times(), process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
            cpu = times.user + times.system
            if part == CLIENT:
                self._ended[process.pid] = cpu
            before = looks.get(part, Look(at, part, 0.0, 0))
            looks[part] = Look(at, part, before.cpu_seconds + cpu, before.rss_bytes + rss)
        if CLIENT in looks:
            looks[CLIENT] = Look(at, CLIENT, sum(self._ended.values()), looks[CLIENT].rss_bytes)
        return list(looks.values())

    @staticmethod
    def _family(pid: int) -> list[psutil.Process]:
        try:
            main = psutil.Process(pid)
            return [main, *main.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


def name_of(line: list[str]) -> str:
    """The part that a command line belongs to; the program's name where it is none that is known."""
    words = " ".join(line)
    found = next((part for marks, part in _MARKS if marks in words), None)
    program = Path(line[0]).name if line else "?"
    return found or _PROGRAMS.get(program, program)


def used(looks: Iterable[Look], since: float, until: float) -> list[Used]:
    """Each part between two moments, the busiest first."""
    by_part: dict[str, list[Look]] = {}
    for look in looks:
        if since <= look.at <= until:
            by_part.setdefault(look.part, []).append(look)
    found = [Used(part, _cores(own[0], own[-1]), max(look.rss_bytes for look in own)) for part, own in by_part.items()]
    return sorted(found, key=lambda one: -one.cores)


def cores(looks: Iterable[Look], part: str) -> list[tuple[float, float]]:
    """The cores that a part kept busy from each look to the next: ``(at, cores)``."""
    own = [look for look in looks if look.part == part]
    return [(after.at, _cores(before, after)) for before, after in pairwise(own)]


def _cores(before: Look, after: Look) -> float:
    return max(0.0, after.cpu_seconds - before.cpu_seconds) / max(after.at - before.at, 1e-9)


def _line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []
