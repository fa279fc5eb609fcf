"""Files that are there whole, or not at all."""

import os
from pathlib import Path


def write_bytes(path: Path, content: bytes) -> Path:
    """Write a file in one step, and its folder where there is none.

    Raises:
        OSError: if it can't be written; then what was there is there still.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")  # one run at a time: a killed one's is overwritten
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path
