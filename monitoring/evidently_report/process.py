"""Evidently's reports made in a process of their own: its memory is given back, and what goes wrong in it stays there."""

import importlib.util
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

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


def grant(
    wishes: Sequence[Wish],
    settings: Settings,
    progress: Callable[[str], None],
    program: Sequence[str] = _PROGRAM,
) -> None:
    """Have every wish fulfilled, and write beside each report what came of it.

    Whatever goes wrong is logged and written there. Nothing is raised for it, for nothing else depends on it.

    Args:
        wishes: Of one run.
        settings: Where the reports are, and for how long Evidently may work.
        progress: Told what is being done.
        program: What is started, and told two folders: of the tasks, and of the reports.
    """
    tasks = [task for wish in wishes for task in wish.tasks.values()]
    results: dict[str, Result] = {}
    failure = None
    if tasks and not is_installed():
        _log.info(_MISSING)
        failure = _MISSING
    elif tasks:
        progress(f"Evidently makes {len(tasks)} pages")
        with TemporaryDirectory(prefix="puerta-evidently-") as folder:
            failure = _run(tasks, Path(folder), settings, program)
            results = {result.page: result for result in _results(Path(folder) / RESULTS_FILE)}
        if failure:
            _log.error("Evidently's reports: %s", failure)
    for wish in wishes:
        outcome = _outcome(wish, results, failure or "Evidently said nothing of it.")
        try:
            write_outcome(settings.reports_dir, wish.report, outcome)
        except OSError as error:
            _log.error("Evidently's reports not named: %s", error)


def _run(tasks: Iterable[Task], folder: Path, settings: Settings, program: Sequence[str]) -> str | None:
    """Do the tasks; None, or why some may not have been done."""
    environment = os.environ | _ONE_THREAD | {"DO_NOT_TRACK": "1"}
    command = [*program, str(folder), str(settings.reports_dir.resolve())]
    try:
        (folder / TASKS_FILE).write_bytes(msgspec.json.encode(tasks))
        with TemporaryFile() as said:
            process = subprocess.Popen(  # noqa: S603 - our own program
                command, env=environment, stdin=subprocess.PIPE, stdout=said, stderr=said
            )
            try:
                code = process.wait(settings.evidently_seconds)
            except subprocess.TimeoutExpired:
                return f"It took longer than {settings.evidently_seconds} s and was ended."
            finally:
                process.kill()
                process.communicate()
            if code:
                said.seek(0)
                last = said.read().decode(errors="replace").strip().rsplit("\n", 1)[-1]
                return f"It ended with {code}: {last}"
    except OSError as error:
        return f"It could not be started: {error}"
    return None


def _results(path: Path) -> Iterable[Result]:
    """What was done; a last line that was cut short is of a task that was not."""
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return
    for line in lines:
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
