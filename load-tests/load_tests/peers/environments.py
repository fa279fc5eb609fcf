"""An environment of its own for each peer, made from its pinned requirements when it is first asked for."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

INSTALL_SECONDS = 1800.0
_STAMP = "requirements.sha256"


class InstallError(RuntimeError):
    """An environment that could not be made; the message holds the end of what the installer said."""


def make(requirements: Path, folder: Path, say: Callable[[str], None]) -> Path:
    """Give the environment's interpreter; it is made where there is none yet, or one of other requirements.

    Only what ``requirements`` pins by hash is installed, and only as wheels: no code of a package runs.

    Raises:
        InstallError: if it cannot be made.
    """
    python = folder / "bin" / "python"
    stamp = folder / _STAMP
    try:
        wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    except OSError as error:
        raise InstallError(f"{requirements}: {error.strerror}, expected pinned requirements") from error
    if python.exists() and stamp.exists() and stamp.read_text().strip() == wanted:
        return python
    say(f"making {folder} from {requirements.name} ({requirements.parent.name})")
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    _run((sys.executable, "-m", "venv", str(folder)))
    options = ("--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "--only-binary", ":all:")
    _run((str(python), "-m", "pip", "install", *options, "--requirement", str(requirements)))
    stamp.write_text(wanted + "\n")
    return python


def _run(command: tuple[str, ...]) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - this interpreter, and pip
            command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InstallError(f"{' '.join(command[:4])}: {error}") from error
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-6:])
        raise InstallError(f"{' '.join(command[:4])} failed with {done.returncode}:\n{said}")
