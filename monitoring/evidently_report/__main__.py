"""``python -m monitoring.evidently_report``: the process that writes Evidently's reports and then is gone.

Started by a run as soon as there may be something to write, for Evidently takes seconds to load; a line on its standard
input says that the tasks are in its folder. It ends with the run, however that ends: the run holds that input open.
"""

import gc
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from monitoring.evidently_report.task import RESULTS_FILE, TASKS_FILE, Classification, Result, Task
from monitoring.files import write_bytes

_INPUT: Final = 0
_WORKERS: Final = 2  # pages come one by one from each; on a single core two take as long as one


def main(folder: Path, reports: Path) -> int:
    """Do every task of a folder; one that fails is told, and keeps no other from being done."""
    _load()
    if not os.read(_INPUT, 1):
        return 1
    tasks = msgspec.json.decode((folder / TASKS_FILE).read_bytes(), type=list[Task])
    workers = [
        _fork(tasks[place::_WORKERS], folder / RESULTS_FILE, reports) for place in range(min(_WORKERS, len(tasks)))
    ]
    _end_with_parent()
    failed = [code for worker in workers if (code := os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]))]
    if failed:
        print(f"a worker ended with {failed[0]}", file=sys.stderr)
    return int(bool(failed))


def _load() -> None:
    """Import Evidently: four seconds, of which one would go into looking for garbage; there is none."""
    gc.disable()
    with suppress(Exception):  # each task tells what it was
        from monitoring.evidently_report import rendering  # noqa: F401
    gc.freeze()  # what workers share is not looked through again, and so is not copied
    gc.enable()


def _fork(tasks: Sequence[Task], results: Path, reports: Path) -> int:
    """A process that does these tasks with what is loaded already; no thread of ours was started yet."""
    worker = os.fork()
    if worker:
        return worker
    _end_with_parent()
    code = 1
    try:
        with results.open("ab", buffering=0) as said:
            for task in tasks:
                said.write(msgspec.json.encode(_done(task, reports)) + b"\n")
        code = 0
    except OSError as error:
        print(error, file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def _done(task: Task, reports: Path) -> Result:
    left_out: tuple[str, ...] = ()
    try:
        from monitoring.evidently_report import rendering

        if isinstance(task, Classification):
            snapshot = rendering.classification(task)
        else:
            snapshot, left_out = rendering.drift(task)
        write_bytes(reports / task.page, rendering.page(snapshot, task))
    except Exception as error:  # noqa: BLE001 - Evidently raises whatever pandas, plotly or SciPy raise
        return Result(task.page, f"{type(error).__name__}: {error}")
    return Result(task.page, None, left_out)


def _end_with_parent() -> None:
    def wait() -> None:
        os.read(_INPUT, 1)  # nothing comes any more but the end
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
