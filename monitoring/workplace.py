"""A folder of a run's own, and nothing left of it: what a killed run left is cleared by the next one."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def workplace(state: Path, reports: Path) -> Iterator[Path]:
    """An empty folder below ``state``, always the same one for a folder of reports.

    To be entered by who holds the lock of the reports. Files below ``reports`` that a killed run was just writing go too.

    Raises:
        OSError: if it can't be made.
    """
    folder = state / "work" / hashlib.sha256(str(reports.resolve()).encode()).hexdigest()[:8]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for partial in reports.rglob(".*.partial"):
        partial.unlink(missing_ok=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
