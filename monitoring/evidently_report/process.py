"""Evidently's reports made in a process of their own: its memory is given back, and what goes wrong in it stays there."""

import importlib.util
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import msgspec

from monitoring.evidently_report.outcome import Outcome, write_outcome
from monitoring.evidently_report.task import RESULTS_FILE, TASKS_FILE, Result, Task
from monitoring.evidently_report.wish import Wish
from monitoring.settings import Settings

_PROGRAM = (sys.executable, "-m", "monitoring.evidently_report")
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_MISSING = "Evidently is not installed here. To have its own reports beside these: pip install evidently 'pandas<3.1'"
_log = logging.getLogger("puerta.monitoring.evidently")


def is_installed() -> bool:
    """Whether Evidently is there; it is not imported."""
    return importlib.util.find_spec("evidently") is not None


class Evidently:
    """Evidently's process during one run: started early, told what to do when that is known, and ended with the run.

    It takes seconds to load, and does so while the run counts. Whatever goes wrong is logged and written beside the
    reports. Nothing is raised for it, for nothing else depends on it.
    """

    def __init__(self, settings: Settings, folder: Path, program: Sequence[str] = _PROGRAM) -> None:
        """Nothing is started yet.

        Args:
            settings: Where the reports are, and for how long Evidently may work.
            folder: Of the run's own, for what the two processes tell each other; made if it is not there.
            program: What is started, and told two folders: this one, and that of the reports.
        """
        self._settings = settings
        self._folder = folder
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._failure: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            _end(self._process)

    def start(self) -> None:
        """Let it load, where it is installed."""
        if not is_installed():
            self._failure = _MISSING
            return
        command = [*self._program, str(self._folder), str(self._settings.reports_dir.resolve())]
        environment = os.environ | _ONE_THREAD | {"DO_NOT_TRACK": "1"}
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._said.open("wb") as said:
                self._process = subprocess.Popen(  # noqa: S603 - our own program
                    command, env=environment, stdin=subprocess.PIPE, stdout=said, stderr=said
                )
        except OSError as error:
            self._failure = f"It could not be started: {error}"

    def grant(self, wishes: Sequence[Wish], progress: Callable[[str], None]) -> None:
        """Have every wish fulfilled, and write beside each report what came of it."""
        tasks = [task for wish in wishes for task in wish.tasks.values()]
        results: dict[str, Result] = {}
        if tasks:
            if self._process is None and self._failure is None:
                self.start()
            if self._process is not None:
                progress(f"Evidently makes {len(tasks)} pages")
                self._failure = self._run(self._process, tasks)
                results = {result.page: result for result in _results(self._folder / RESULTS_FILE)}
            if self._failure:
                _log.log(logging.INFO if self._failure == _MISSING else logging.ERROR, "Evidently: %s", self._failure)
        for wish in wishes:
            outcome = _outcome(wish, results, self._failure or "Evidently said nothing of it.")
            try:
                write_outcome(self._settings.reports_dir, wish.report, outcome)
            except OSError as error:
                _log.error("Evidently's reports not named: %s", error)

    @property
    def _said(self) -> Path:
        return self._folder / "said.txt"

    def _run(self, process: subprocess.Popen[bytes], tasks: Sequence[Task]) -> str | None:
        """Do the tasks; None, or why some may not have been done."""
        try:
            (self._folder / TASKS_FILE).write_bytes(msgspec.json.encode(tasks))
            if process.stdin is not None:
                with suppress(BrokenPipeError):  # it has ended already: the code says why
                    os.write(process.stdin.fileno(), b"\n")
            code = process.wait(self._settings.evidently_seconds)
        except subprocess.TimeoutExpired:
            _end(process)
            return f"It took longer than {self._settings.evidently_seconds} s and was ended."
        except OSError as error:
            return f"It could not be told what to do: {error}"
        if code:
            last = self._said.read_text(errors="replace").strip().rsplit("\n", 1)[-1]
            return f"It ended with {code}: {last}"
        return None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Its workers end too: their input is closed."""
    process.kill()
    process.communicate()


def _results(path: Path) -> Iterable[Result]:
    """What was done; a line that was cut short, by a kill or a full disk, is of a task that was not."""
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        with suppress(msgspec.DecodeError):
            yield msgspec.json.decode(line, type=Result)


def _outcome(wish: Wish, results: dict[str, Result], failure: str) -> Outcome:
    pages, remarks = {}, list(wish.remarks)
    for name, task in wish.tasks.items():
        result = results.get(task.page, Result(task.page, failure))
        if result.error is None:
            pages[name] = task.page.rsplit("/", 1)[-1]
            remarks += [f"{column} holds nothing that it could compare." for column in result.left_out]
        else:
            if task.page in results:
                _log.error("Evidently's report %s not made: %s", task.page, result.error)
            remarks.append(f"No {name}: {result.error}")
    return Outcome(until=wish.report.until, pages=pages, remarks=tuple(remarks))
