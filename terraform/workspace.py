"""A copy of the deployment's HCL, where the stock terraform binary runs without a cloud."""

import fcntl
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terraform.folders import GROUPS, ROOT, VARIABLES, Folder
from terraform.provider.environment import HOME, Say, tools
from terraform.provider.serving import serving
from terraform.provider.store import store

# What the modules read of other rooms, by paths relative to their own.
READ = (
    "dashboards/generated/**/*",
    "dashboards/provisioning/**/*",
    "gateway-config/generated/**/*",
    "model-files/*/*/manifest.json",
    "slo/generated/**/*",
)
HOW_TO_GET = "it is one file, from developer.hashicorp.com/terraform/install or a distribution's package, 1.11 or later"

_SECONDS = 600.0
_REAL = "REAL_PROVIDER"
_CACHE = "TF_PLUGIN_CACHE_DIR"
_STATE = re.compile(r'^\s*(?:backend "|cloud \{)', re.MULTILINE)
_LOCAL_STATE = 'terraform {\n  backend "local" {}\n}\n'
_CALLERS_OWN = re.compile(r"TF_|GOOGLE_|CLOUDSDK_")


class TerraformError(RuntimeError):
    """A command that could not be run or failed; the message holds what Terraform said."""


@dataclass(frozen=True)
class Done:
    """What one terraform command gave."""

    code: int
    output: str
    errors: str

    def require(self, what: str) -> "Done":
        """Itself, if it went well.

        Raises:
            TerraformError: if it did not.
        """
        if self.code:
            raise TerraformError(f"{what} failed:\n{(self.output + self.errors).strip()}")
        return self


@dataclass(frozen=True)
class Workspace:
    """The copy: ``root`` mirrors the repository, so that relative paths lead where they lead there."""

    root: Path
    environment: Mapping[str, str]

    def path(self, folder: Folder) -> Path:
        """A folder of HCL in the copy, to look at or to break."""
        return self.root / "terraform" / folder.name

    def run(self, folder: Folder, *arguments: str) -> Done:
        """Run any terraform command in a folder.

        Raises:
            TerraformError: if there is no terraform, or it does not end.
        """
        program = shutil.which("terraform")
        if program is None:
            raise TerraformError(f"no terraform in PATH: {HOW_TO_GET}")
        try:
            done = subprocess.run(  # noqa: S603 - terraform itself
                (program, *arguments),
                cwd=self.path(folder),
                env=dict(self.environment),
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise TerraformError(f"terraform {arguments[0]} had not ended after {_SECONDS:.0f} s") from error
        return Done(done.returncode, done.stdout, done.stderr)

    def format(self, folder: Folder) -> Done:
        """Tell what ``terraform fmt`` would change."""
        return self.run(folder, "fmt", "-check", "-diff", "-recursive", "-no-color")

    def init(self, folder: Folder) -> Done:
        """Install the modules that a folder calls; a root's state is kept in the copy."""
        path = self.path(folder)
        if any(_STATE.search(file.read_text(encoding="utf-8")) for file in path.glob("*.tf")):
            (path / "offline_override.tf").write_text(_LOCAL_STATE)
        with self._alone():
            return self.run(folder, "init", "-input=false", "-no-color")

    def validate(self, folder: Folder) -> Done:
        """Hold a folder to the language and the schema; ``init`` comes first."""
        return self.run(folder, "validate", "-no-color")

    def test(self, folder: Folder) -> Done:
        """Run a folder's own tests; ``init`` comes first."""
        return self.run(folder, "test", "-no-color")

    def plan(self, folder: Folder) -> Done:
        """Plan a root with the values of its example file, which its own tests are not to see; ``init`` comes first."""
        values = [f"-var-file={VARIABLES}"] if (self.path(folder) / VARIABLES).exists() else []
        return self.run(folder, "plan", "-input=false", "-no-color", "-out=offline.plan", *values)

    def plan_json(self, folder: Folder) -> dict[str, Any]:
        """A root's plan as JSON: ``planned_values``, ``resource_changes``, ``configuration`` and the rest.

        Raises:
            TerraformError: if it can't be planned.
        """
        self.init(folder).require(f"{folder.name}: init")
        self.plan(folder).require(f"{folder.name}: plan")
        shown = self.run(folder, "show", "-json", "offline.plan").require(f"{folder.name}: show")
        read: dict[str, Any] = json.loads(shown.output)
        return read

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time where providers are downloaded: Terraform does not guard its cache."""
        if (cache := self.environment.get(_CACHE)) is None:
            yield
            return
        with (Path(cache) / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


@contextmanager
def workspace(say: Say, *, real: bool | None = None, source: Path = ROOT) -> Iterator[Workspace]:
    """Copy the HCL, and serve the stand-in for it, or leave Terraform to download the ``real`` provider.

    Nobody who asks decides that, by default: ``REAL_PROVIDER=1`` runs every test against the provider itself.

    Raises:
        FetchError: if what the stand-in needs can't be fetched.
        ServerError: if it does not start.
    """
    real = os.environ.get(_REAL) == "1" if real is None else real
    with tempfile.TemporaryDirectory(prefix="terraform-") as temporary:
        root = Path(temporary) / "repository"
        _copy(source, root)
        environment = {name: value for name, value in os.environ.items() if not _CALLERS_OWN.match(name)}
        environment |= {
            "CHECKPOINT_DISABLE": "1",
            "GOGC": "400",  # a quarter less CPU for 150 MB more
            "GOOGLE_OAUTH_ACCESS_TOKEN": "offline",  # so that the real provider looks for no credentials to plan
            "TF_CLI_CONFIG_FILE": os.environ.get("TF_CLI_CONFIG_FILE", "") if real else os.devnull,
            "TF_IN_AUTOMATION": "1",
        }
        if real:
            plugins = HOME / "plugins"
            plugins.mkdir(parents=True, exist_ok=True)
            yield Workspace(root, environment | {_CACHE: str(plugins)})
            return
        with serving(tools(say), store(say), root / "terraform") as attached:
            yield Workspace(root, environment | attached)


def _copy(source: Path, root: Path) -> None:
    ignored = shutil.ignore_patterns(".terraform*", "*.tfstate*", "__pycache__", "*.py", "terraform.tfvars")
    for group in GROUPS:
        if (source / "terraform" / group).is_dir():
            shutil.copytree(source / "terraform" / group, root / "terraform" / group, ignore=ignored)
    for file in (file for pattern in READ for file in source.glob(pattern) if file.is_file()):
        copy = root / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
