"""Everything that is asked of a folder of HCL, step by step."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from terraform.folders import VARIABLES, Folder
from terraform.workspace import Done, Workspace


@dataclass(frozen=True)
class Step:
    """One thing that was asked, and what is wrong: nothing, or all that Terraform said."""

    name: str
    told: str
    wrong: str = ""


def steps(folder: Folder, at: Workspace) -> Iterator[Step]:
    """Format, init, validate, the folder's own tests, and of a root the plan; a failed init ends it."""
    yield _step("fmt", at.format(folder))
    init = _step("init", at.init(folder))
    yield init
    if init.wrong:
        return
    yield _step("validate", at.validate(folder))
    yield _tests(folder, at)
    if folder.is_root:
        yield _plan(folder, at)


def _tests(folder: Folder, at: Workspace) -> Step:
    if not any((at.path(folder) / "tests").glob("*.tftest.hcl")):
        return Step("test", "", "there is no tests/*.tftest.hcl: every folder has tests of its own")
    return _step("test", at.test(folder), re.compile(r"(\d+ passed)"))


def _plan(folder: Folder, at: Workspace) -> Step:
    if not (at.path(folder) / VARIABLES).exists():
        return Step("plan", "", f"there is no {VARIABLES}: every root has one, which works as it is")
    return _step("plan", at.plan(folder), re.compile(r"Plan: (\d+ to add)"))


def _step(name: str, done: Done, telling: re.Pattern[str] | None = None) -> Step:
    if done.code:
        return Step(name, "", (done.output + done.errors).strip())
    found = telling.search(done.output) if telling else None
    return Step(name, found[1] if found else "")
