"""Files that hold hashes or secrets: only their owner may read them, and nobody ever sees half of one."""

import os
import tempfile
from pathlib import Path


def make_private_folder(path: Path) -> None:
    """Make a folder with mode 0700 where there is none."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_private(path: Path, content: bytes) -> None:
    """Write a file with mode 0600 in one step, a rename: whoever reads or watches it sees the old one or the new."""
    make_private_folder(path.parent)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:  # mkstemp has made it 0600
            file.write(content)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
