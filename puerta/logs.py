"""Log files that do not grow for ever."""

import os
import shutil
from pathlib import Path


def trim(folder: Path, limit: int) -> None:
    """Move what a log of more than ``limit`` bytes holds to a file beside it, over what was there.

    The programs keep the file open and append to it, so it is emptied rather than renamed; a line written in between is
    lost.
    """
    for path in folder.glob("*.log"):  # the access log is begun anew by what reads it, which loses nothing
        if path.stat().st_size > limit:
            shutil.copyfile(path, path.with_name(f"{path.name}.1"))
            os.truncate(path, 0)
