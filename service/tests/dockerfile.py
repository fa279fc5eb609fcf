"""A Dockerfile followed step by step without Docker: its own commands, in folders that stand for the images' roots.

What stands in the Dockerfile is what is run, so a step that is wrong there fails here. Not there are the base image (a
Python of this machine is taken instead) and, unless the tests run as root, other users.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

_ROOTS = re.compile(r"(?<![\w.$}/])/(?=(?:opt|app|build|log|state)\b)")  # absolute paths that the Dockerfiles use
_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")

# The base image's python: environments are made of one that every user may run, and pip is this environment's.
_PYTHON = """#!/bin/sh
case "$2" in venv) exec {base} "$@";; *) exec {own} "$@";; esac
"""
_NOBODY = 65_534


class Instruction(NamedTuple):
    """One instruction: its word in capitals, and the rest with continued lines joined."""

    word: str
    rest: str


@dataclass
class Stage:
    """An image in the making: the folder that stands for its root, and what was set in it."""

    root: Path
    folder: str = "/"
    arguments: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)

    def here(self, text: str) -> str:
        """A text with the image's absolute paths put below the stage's root."""
        return _ROOTS.sub(f"{self.root}/", text)

    def path(self, text: str) -> Path:
        """A path of the image, as it is here."""
        return self.root / os.path.normpath(Path(self.folder, text)).lstrip("/")


def read(path: Path) -> Iterator[Instruction]:
    """The instructions of a Dockerfile."""
    lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line.strip():
            word, rest = line.split(maxsplit=1)
            yield Instruction(word.upper(), rest.strip())


def follow(dockerfile: Path, context: Path, folder: Path, arguments: Mapping[str, str]) -> Stage:
    """Follow a Dockerfile; the last stage. ``folder`` holds the stages' roots, ``arguments`` are those of the build."""
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    python = bin_folder / "python"
    python.write_text(_PYTHON.format(base=shlex.quote(_base_python()), own=shlex.quote(sys.executable)))
    python.chmod(0o755)
    ignored = Ignored(context / ".dockerignore")
    stages: dict[str, Stage] = {}
    stage = Stage(folder)
    for word, rest in read(dockerfile):
        match word:
            case "FROM":
                name = rest.partition(" AS ")[2] or "final"
                stage = stages[name] = Stage(folder / name)
                stage.root.mkdir()
                stage.environment["PATH"] = f"{bin_folder}:/usr/bin:/bin"
            case "COPY":
                _copy(_expand(rest, stage.arguments), context, stage, stages, ignored)
            case "RUN":
                _run(stage, rest)
            case "WORKDIR":
                stage.folder = rest
                stage.path(".").mkdir(parents=True, exist_ok=True)
            case "ENV":
                for pair in shlex.split(rest):
                    name, _, value = pair.partition("=")
                    stage.environment[name] = stage.here(_expand(value, stage.environment))
            case "ARG":  # of the base image, before the first stage, or of one stage
                name, _, value = rest.partition("=")
                stage.arguments[name] = arguments.get(name, value)
            case _:
                stage.settings[word] = rest
    return stage


def runs_as(user: int, program: str) -> bool:
    """Whether a user may run a Python; only root can find out, and run anything as somebody else."""
    if os.geteuid() != 0:
        return False
    try:
        return subprocess.run([program, "-c", ""], user=user, group=user, extra_groups=[], check=False).returncode == 0
    except PermissionError:
        return False


def _base_python() -> str:
    own = os.path.realpath(sys.executable)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return next((each for each in (own, f"/usr/bin/{version}") if runs_as(_NOBODY, each)), own)


class Ignored:
    """What ``.dockerignore`` keeps out of the build: of the patterns that fit a path, the last one counts."""

    def __init__(self, path: Path) -> None:
        lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
        self._patterns = [(_pattern(line.removeprefix("!")), not line.startswith("!")) for line in lines]

    def __contains__(self, path: str) -> bool:
        ignored = False
        for pattern, excludes in self._patterns:
            if pattern.fullmatch(path):
                ignored = excludes
        return ignored


def _pattern(text: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*)", text)
    expressions = {"**/": "(?:.*/)?", "*": "[^/]*"}
    return re.compile("".join(expressions.get(part, re.escape(part)) for part in parts) + "(?:/.*)?")


def _expand(text: str, environment: dict[str, str]) -> str:
    return _VARIABLE.sub(lambda found: environment.get(found[1] or found[2], ""), text)


def _run(stage: Stage, command: str) -> None:
    done = subprocess.run(
        ["/bin/sh", "-euc", stage.here(command)],
        cwd=stage.path("."),
        env={**_outside(), **stage.arguments, **stage.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise AssertionError(f"RUN {command}\n{done.stdout}{done.stderr}")


def _outside() -> dict[str, str]:
    """How this machine reaches the package registry; nothing of the project's own."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PUERTA_", "PYTHON", "COV"))}


def _copy(rest: str, context: Path, stage: Stage, stages: dict[str, Stage], ignored: Ignored) -> None:
    words = shlex.split(rest)
    options = dict(word.removeprefix("--").split("=") for word in words if word.startswith("--"))
    *sources, target = [word for word in words if not word.startswith("--")]
    origin = stages[options["from"]].root if "from" in options else context
    for source in sources:
        found = origin / source.lstrip("/")
        if not found.exists() or ("from" not in options and source in ignored and found.is_file()):
            raise AssertionError(f"COPY {source}: not in the build context")
        place = stage.path(target) / found.name if found.is_file() and target.endswith("/") else stage.path(target)
        for file in _files(found):
            name = file.relative_to(origin).as_posix()
            if "from" in options or name not in ignored:
                copied = place / file.relative_to(found) if file != found else place
                copied.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, copied, follow_symlinks=False)
        if found.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        if "chown" in options and os.geteuid() == 0:
            user, _, group = options["chown"].partition(":")
            os.chown(place, int(user), int(group))


def _files(path: Path) -> Sequence[Path]:
    return [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file() or file.is_symlink()]
