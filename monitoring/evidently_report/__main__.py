"""``python -m monitoring.evidently_report``: the process that writes Evidently's reports and then is gone.

Started by a run, which tells it what to do in a folder. It ends with the run, however that ends: the run holds its
standard input open.
"""

import os
import sys
import threading
from pathlib import Path

import msgspec

from monitoring.evidently_report.task import RESULTS_FILE, TASKS_FILE, Classification, Result, Task
from monitoring.files import write_bytes


def main(folder: Path, reports: Path) -> int:
    """Do every task of a folder; one that fails is told, and keeps no other from being done."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    tasks = msgspec.json.decode((folder / TASKS_FILE).read_bytes(), type=list[Task])
    with (folder / RESULTS_FILE).open("wb", buffering=0) as results:
        for task in tasks:
            results.write(msgspec.json.encode(_done(task, reports)) + b"\n")
    return 0


def _done(task: Task, reports: Path) -> Result:
    from monitoring.evidently_report import rendering  # it imports Evidently, which takes seconds and may fail

    left_out: tuple[str, ...] = ()
    try:
        if isinstance(task, Classification):
            snapshot = rendering.classification(task)
        else:
            snapshot, left_out = rendering.drift(task)
        write_bytes(reports / task.page, rendering.page(snapshot, task))
    except Exception as error:  # noqa: BLE001 - Evidently raises whatever pandas, plotly or SciPy raise
        return Result(task.page, f"{type(error).__name__}: {error}")
    return Result(task.page, None, left_out)


def _end_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)  # not the buffer, whose lock would be held when the interpreter ends
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
