"""The commands ``check``, ``plan`` and ``schema``."""

import argparse
import json
import shutil
import sys
import time
from typing import Any

from terraform.check import steps
from terraform.folders import ROOM, Folder, folders, named
from terraform.hcl.blocks import read_all
from terraform.hcl.checking import calls, complaints
from terraform.provider.environment import tools
from terraform.provider.extraction import Kind
from terraform.provider.page import page
from terraform.provider.store import PROVIDERS, store
from terraform.workspace import HOW_TO_GET, Workspace, workspace


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe them."""
    real: dict[str, Any] = {
        "action": "store_const",
        "const": True,
        "help": "with the provider itself, downloaded, not the stand-in (as REAL_PROVIDER=1 does)",
    }
    check = commands.add_parser("check", help="fmt, init, validate, test, and of roots plan, without a cloud")
    check.add_argument("folders", metavar="FOLDER", nargs="*", help="e.g. modules/gateway (default: every one)")
    how = check.add_mutually_exclusive_group()
    how.add_argument("--real", **real)
    how.add_argument("--hcl", action="store_true", help="hold the HCL to the schema alone, as without terraform")
    check.set_defaults(run=_check)
    plan = commands.add_parser("plan", help="what a root would make, with the values of its terraform.tfvars.example")
    plan.add_argument("folder", metavar="FOLDER", help="e.g. environments/dev")
    plan.add_argument("--json", action="store_true", help="as Terraform's JSON")
    plan.add_argument("--real", **real)
    plan.set_defaults(run=_plan)
    schema = commands.add_parser("schema", help="a resource's arguments, as the pinned provider has them")
    schema.add_argument("name", metavar="RESOURCE", help="e.g. google_apikeys_key")
    schema.add_argument("--data", action="store_true", help="of the data source of that name")
    schema.set_defaults(run=_schema)


def _check(options: argparse.Namespace) -> int:
    asked = [named(name) for name in options.folders] or list(folders())
    if options.hcl or shutil.which("terraform") is None:
        if not options.hcl:
            _say(f"no terraform in PATH ({HOW_TO_GET}): only the HCL is held to the schema; no format, test, plan")
        return _hcl(asked)
    with workspace(_say, real=options.real) as at:
        wrong = sum(not _holds(folder, at) for folder in asked)
    _tell(f"{len(asked)} folders, {wrong} with something wrong" if wrong else f"{len(asked)} folders, all well")
    return 1 if wrong else 0


def _hcl(asked: list[Folder]) -> int:
    python = tools(_say)
    trees = read_all(python, [ROOM / folder.name for folder in asked])
    trees |= read_all(python, sorted({path for here in trees for path in calls(here, trees[here])} - trees.keys()))
    opened = store(_say)
    wrong = [f"{it.name}/{text}" for it in asked for text in complaints(ROOM / it.name, trees, opened)]
    for line in wrong:
        _say(line)
    _tell(f"{len(asked)} folders, {len(wrong)} complaints" if wrong else f"{len(asked)} folders fit the schema")
    return 1 if wrong else 0


def _holds(folder: Folder, at: Workspace) -> bool:
    started = time.monotonic()
    taken = list(steps(folder, at))
    marks = [f"{step.name} FAILED" if step.wrong else f"{step.name} {step.told}".strip() for step in taken]
    _tell(f"{folder.name}: {', '.join(marks)} ({time.monotonic() - started:.0f} s)")
    for step in taken:
        if step.wrong:
            _say(f"{folder.name}: {step.name}\n{step.wrong}")
    return not any(step.wrong for step in taken)


def _plan(options: argparse.Namespace) -> int:
    folder = named(options.folder)
    with workspace(_say, real=options.real) as at:
        if options.json:
            _tell(json.dumps(at.plan_json(folder)))
            return 0
        at.init(folder).require(f"{folder.name}: init")
        _tell(at.plan(folder).require(f"{folder.name}: plan").output)
    return 0


def _schema(options: argparse.Namespace) -> int:
    kind: Kind = "data" if options.data else "resource"
    opened = store(_say)
    found = {provider: it for provider in PROVIDERS if (it := opened.get(provider, kind, options.name))}
    if not found:
        near = [name for name in opened.names("google-beta", kind) if options.name.removeprefix("google_") in name]
        _say(f"{options.name}: the provider has no such {kind}" + (f"; near: {', '.join(near)}" if near else ""))
        return 1
    _tell(f"{options.name} ({', '.join(found)})")
    _tell("\n".join(page(next(iter(found.values())))))
    return 0


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
