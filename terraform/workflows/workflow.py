"""A workflow as data: its jobs, its steps and the line that each begins in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github" / "workflows"
_LINE = "__line__"


class WorkflowError(ValueError):
    """A file that is no workflow; the message names it."""


@dataclass(frozen=True)
class Complaint:
    """What is wrong, and where."""

    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        """As editors and people read it."""
        return f"{self.path}:{self.line}: {self.text}"


@dataclass(frozen=True)
class Step:
    """One step: ``uses`` an action or ``run`` a script."""

    line: int
    content: Mapping[str, Any]

    @property
    def uses(self) -> str:
        """The action; empty where there is none."""
        return str(self.content.get("uses", ""))

    @property
    def given(self) -> Mapping[str, Any]:
        """What the action is given."""
        return self.content.get("with") or {}

    @property
    def run(self) -> str:
        """The script; empty where there is none."""
        return str(self.content.get("run", ""))


@dataclass(frozen=True)
class Job:
    """One job."""

    name: str
    line: int
    content: Mapping[str, Any]

    @property
    def steps(self) -> tuple[Step, ...]:
        """Its steps; none where it calls another workflow."""
        return tuple(Step(step[_LINE], step) for step in self.content.get("steps", ()))

    @property
    def calls(self) -> bool:
        """Whether it is another workflow."""
        return "uses" in self.content


@dataclass(frozen=True)
class Workflow:
    """One file."""

    path: Path
    text: str
    content: Mapping[str, Any]

    @property
    def triggers(self) -> Mapping[str, Any]:
        """What starts it."""
        found = self.content["on"]
        if isinstance(found, str):
            found = [found]
        return found if isinstance(found, dict) else dict.fromkeys(found)

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Its jobs."""
        return tuple(Job(name, job[_LINE], job) for name, job in self.content["jobs"].items() if name != _LINE)

    def complaint(self, line: int, text: str) -> Complaint:
        """Something that is wrong with it."""
        return Complaint(self.path, line, text)


def read(path: Path, text: str | None = None) -> Workflow:
    """Read a file; or ``text`` as if it stood there.

    Raises:
        WorkflowError: if it is no workflow.
    """
    try:
        text = path.read_text(encoding="utf-8") if text is None else text
        content = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader that knows lines
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise WorkflowError(f"{path}: {error}, expected a workflow") from error
    if not isinstance(content, dict) or "on" not in content or not isinstance(content.get("jobs"), dict):
        raise WorkflowError(f"{path}: expected a workflow with on and jobs")
    for name, job in content["jobs"].items():
        if name != _LINE and not (
            isinstance(job, dict) and all(isinstance(step, dict) for step in job.get("steps", ()))
        ):
            raise WorkflowError(f"{path}: {name}: expected a job with steps")
    return Workflow(path, text, content)


def read_all(folder: Path = FOLDER) -> tuple[Workflow, ...]:
    """Read every workflow of a folder.

    Raises:
        WorkflowError: if there is none, or one can't be read.
    """
    found = tuple(read(path) for path in sorted(folder.glob("*.y*ml")))
    if not found:
        raise WorkflowError(f"{folder}: no workflow, expected *.yml")
    return found


class _Loader(yaml.SafeLoader):
    """YAML 1.1 says that ``on`` is true; GitHub reads the word. Every mapping knows its line."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        content: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return {**content, _LINE: node.start_mark.line + 1}


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:bool"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def lines(workflow: Workflow) -> Iterator[tuple[int, str]]:
    """Its lines, numbered."""
    yield from enumerate(workflow.text.splitlines(), start=1)
