"""What a workflow's scripts name has to be there: make's targets, Python's modules with their options, files, its own jobs."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from terraform.workflows.workflow import ROOT, Complaint, Job, Workflow

_MAKE = re.compile(r"^make(?P<targets>(?: [a-z-]+)+)$")
_MODULE = re.compile(r"\.venv/bin/python -m (?P<call>[^\n|>]+)")
_FILE = re.compile(r"(?<![\w/$.{=])(?P<path>\.?[a-z][\w-]*/[\w./-]*[\w-])")
_MADE = (".venv/",)  # by make, before it is used
_SECONDS = 60.0


def complaints(workflow: Workflow, root: Path = ROOT) -> Iterator[Complaint]:
    """Every name in its scripts and roots that leads nowhere."""
    for job in workflow.jobs:
        yield from _of_job(workflow, job, root)
        for step in job.steps:
            script = step.run.replace("\\\n", " ")
            for line in script.splitlines():
                for wrong in _of_line(line.strip(), root):
                    yield workflow.complaint(step.line, f"{job.name}: {wrong}")


def _of_job(workflow: Workflow, job: Job, root: Path) -> Iterator[Complaint]:
    named = [job.content.get("uses", ""), job.content.get("defaults", {}).get("run", {}).get("working-directory", "")]
    named += [str(value) for value in job.content.get("env", {}).values()]
    for entry in job.content.get("strategy", {}).get("matrix", {}).get("include", ()):
        named += [str(value) for value in entry.values()]
    for name in named:
        for path in _FILE.findall(name.removeprefix("./")) if "${{" not in name else ():
            if not (root / path).exists():
                yield workflow.complaint(job.line, f"{job.name}: {path} is not there")


def _of_line(line: str, root: Path) -> Iterator[str]:
    if found := _MAKE.match(line):
        targets = _targets(root)
        yield from (f"make {name}: no such target" for name in found["targets"].split() if name not in targets)
    for found in _MODULE.finditer(line):
        yield from _of_call(found["call"])
    outside = re.sub(r"\"[^\"]*\"", "", line)
    for path in _FILE.findall(outside):
        if not path.startswith(_MADE) and not (root / path).exists():
            yield f"{path} is not there"


def _of_call(call: str) -> Iterator[str]:
    """A module's command line: the module, its command, every option."""
    module, *rest = shlex.split(re.sub(r"\$\([^()]*\)|\$\{?\w+\}?", "x", call))
    commands = [word for word in rest[:1] if not word.startswith("-")]
    said = _help(module, *commands)
    if said is None:
        yield f"python -m {' '.join((module, *commands))}: no such module or command"
        return
    options = [word.split("=")[0] for word in rest if word.startswith("--")]
    yield from (f"python -m {module}: no option {name}" for name in options if not named(name, said))


def named(option: str, said: str) -> bool:
    """Whether a help text has this very option, not only one that begins with its name."""
    return re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", said) is not None


@cache
def _help(*command: str) -> str | None:
    done = subprocess.run(  # noqa: S603 - this interpreter, and modules of this repository
        (sys.executable, "-m", *command, "--help"),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
        cwd=ROOT,
    )
    return None if done.returncode else done.stdout


def _targets(root: Path) -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
