"""Puts faults into a copy and asks the one check that has to catch them, and nothing else: that keeps it fast."""

import importlib
import inspect
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from terraform.checkov.scan import scan
from terraform.documentation.command import complaints as documentation_complaints
from terraform.faults.fault import Fault, FaultError
from terraform.folders import ROOT
from terraform.hcl.blocks import read_all
from terraform.hcl.checking import complaints as hcl_complaints
from terraform.inventory import stale
from terraform.provider.environment import tools
from terraform.provider.store import store
from terraform.workspace import Done, TerraformError, Workspace

_SECONDS = 60.0
_POLICY = "gateway-config/policy.yaml"
_SOUND, _SEEDED = "sound", "seeded"


@dataclass
class Bench:
    """A workspace in which one fault at a time is seeded; what was seen sound once is not asked again."""

    at: Workspace
    faults: Mapping[str, Fault]
    _sound: set[tuple[str, ...]] = field(default_factory=set)
    _ready: set[str] = field(default_factory=set)

    def caught(self, name: str) -> str:
        """What the fault's check says of a copy with it; empty if it lets it pass.

        Raises:
            FaultError: if it can't be put in, or the check has something to say without it.
        """
        fault = self.faults[name]
        if fault.check == "scan":
            return self._scanned.get((_SEEDED, fault.folder.name, fault.by_name), "")
        subject = (fault.check, fault.folder.name, fault.by_name)
        if subject not in self._sound:
            if said := self._ask(fault):
                raise FaultError(f"{name}: {fault.check} says of a sound copy of {fault.folder.name}: {said[-2000:]}")
            self._sound.add(subject)
        with fault.seeded(self.at.root):
            return self._ask(fault)

    def _ask(self, fault: Fault) -> str:
        return _one_line(getattr(self, f"_{fault.check}")(fault))

    def _fmt(self, fault: Fault) -> str:
        return _wrong(self.at.format(fault.folder))

    def _validate(self, fault: Fault) -> str:
        self._init(fault)
        return _wrong(self.at.validate(fault.folder))

    def _test(self, fault: Fault) -> str:
        self._init(fault)
        return _wrong(self.at.run(fault.folder, "test", "-no-color", f"-filter=tests/{fault.by_name}.tftest.hcl"))

    def _plan(self, fault: Fault) -> str:
        self._init(fault)
        return _wrong(self.at.plan(fault.folder))

    def _deployment(self, fault: Fault) -> str:
        test = getattr(importlib.import_module("terraform.tests.test_deployment"), fault.by_name)
        asked = {"folder": fault.folder, "plans": {fault.folder: self.at.plan_json(fault.folder)}}
        try:
            test(**{name: asked[name] for name in inspect.signature(test).parameters})
        except AssertionError as error:
            return f"{fault.by_name} fails: {error}"
        return ""

    def _inventory(self, fault: Fault) -> str:
        return "\n".join(f"{path.name}: not what is planned" for path in stale((fault.folder,), self.at))

    def _hcl(self, fault: Fault) -> str:
        path = self.at.path(fault.folder)  # alone: of a module that calls none
        return "\n".join(hcl_complaints(path, read_all(tools(_quiet), [path]), store(_quiet)))

    def _docs(self, _: Fault) -> str:
        return "\n".join(documentation_complaints(self.at.root / "terraform"))

    def _generated(self, _: Fault) -> str:
        command = (sys.executable, "-m", "gateway_config", "render", "--check")
        done = subprocess.run(  # noqa: S603 - the gateway room's own command, in the copy
            command, cwd=self.at.root, env=os.environ, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        return _wrong(Done(done.returncode, done.stdout, done.stderr))

    def _init(self, fault: Fault) -> None:
        if fault.folder.name not in self._ready:
            self.at.init(fault.folder).require(f"{fault.folder.name}: init")
            self._ready.add(fault.folder.name)

    @cached_property
    def _scanned(self) -> dict[tuple[str, str, str], str]:
        """What checkov says, by copy, folder and policy, of one run over two copies of each folder: it is slow to start.

        A folder's faults are in one copy together, each with a policy of its own.

        Raises:
            FaultError: if a policy fails of the sound copies, or two faults of a folder share one.
        """
        mine = [fault for fault in self.faults.values() if fault.check == "scan"]
        if len({(fault.folder, fault.by_name) for fault in mine}) < len(mine):
            raise FaultError("two faults of a folder have the same policy: which of them it caught could not be told")
        stage = self.at.root / "scan"
        for copy in (_SOUND, _SEEDED):
            for folder in {fault.folder for fault in mine}:
                shutil.copytree(self.at.path(folder), stage / copy / "terraform" / folder.name)
        with ExitStack() as seeds:
            for fault in mine:
                seeds.enter_context(fault.seeded(stage / _SEEDED))
            found = scan(stage, _quiet, {fault.by_name for fault in mine})
        said: dict[tuple[str, str, str], str] = {}
        for finding in sorted(found.failed):
            copy, _, *within = Path(finding.file).parts[:-1]
            said.setdefault((copy, "/".join(within), finding.check), str(finding))
        if wrong := [text for (copy, *_), text in said.items() if copy == _SOUND]:
            raise FaultError(f"scan says of sound copies: {'; '.join(wrong)}")
        return said


def prepare(at: Workspace, faults: Mapping[str, Fault]) -> Bench:
    """A bench, with the policy beside what is rendered from it."""
    shutil.copyfile(ROOT / _POLICY, at.root / _POLICY)
    return Bench(at, faults)


def missed(bench: Bench, names: Iterable[str]) -> list[str]:
    """A line for each fault that its check lets pass, or for another reason than the one that is expected."""
    lines = []
    for name in names:
        fault = bench.faults[name]
        try:
            said = bench.caught(name)
        except FaultError as error:
            lines.append(str(error))
            continue
        except TerraformError as error:
            said = _one_line(str(error))
        if _one_line(fault.says) not in said:
            lines.append(f"{name}: {fault.check} said {said[-2000:] or 'nothing'!r}, expected {fault.says!r}")
    return lines


def _wrong(done: Done) -> str:
    return (done.output + done.errors) if done.code else ""


def _one_line(text: str) -> str:
    """Without the frames and line ends that Terraform puts into its messages."""
    return " ".join(text.replace("│", " ").replace("╷", " ").replace("╵", " ").split())


def _quiet(_: str) -> None:
    """Say nothing: what is needed was made before."""
