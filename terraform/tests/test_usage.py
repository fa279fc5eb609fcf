"""What the modules' READMEs show works: all their examples together are a root, and it is planned."""

import re
from collections.abc import Iterator

import pytest

from terraform.folders import ROOM, Folder, folders
from terraform.workspace import HOW_TO_GET, workspace
from tests.parts import require

MODULES = tuple(folder for folder in folders() if not folder.is_root)
# Values of the variables that an example leaves to its reader, by how their names end.
VALUES = {"_digest": f'"{"0" * 64}"', "_secrets": '{ pager = "a-key" }'}

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("terraform-usage")]


def example(folder: Folder) -> str:
    """The first HCL of a module's README, at home in a folder of `examples/`."""
    found = re.search(r"^```hcl\n(.*?)^```", (ROOM / folder.name / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    assert found, f"{folder.name}/README.md shows no usage"
    return re.sub(r'source = "[./a-z-]*/([a-z-]+)"', r'source = "../../modules/\1"', found[1])


def declarations(examples: str) -> Iterator[str]:
    """The variables that the examples use; one that is told to be ephemeral is."""
    for name in sorted(set(re.findall(r"\bvar\.(\w+)", examples))):
        (value,) = (value for ending, value in VALUES.items() if name.endswith(ending))
        ephemeral = "true" if re.search(rf"var\.{name}\s*#[^\n]*ephemeral", examples) else "false"
        yield f'variable "{name}" {{\n  default   = {value}\n  ephemeral = {ephemeral}\n}}\n'


def test_the_usage_that_the_modules_readmes_show_can_be_planned() -> None:
    """Who copies an example into a root has every argument right, and no validation says otherwise."""
    require("terraform", HOW_TO_GET)
    shown = {folder.name.removeprefix("modules/"): example(folder) for folder in MODULES}
    for name, text in shown.items():
        assert f"modules/{name}" in text, f"modules/{name}/README.md shows another module"
    root = Folder("examples/usage")
    with workspace(print) as at:
        at.path(root).mkdir()
        text = "\n".join(shown.values())
        (at.path(root) / "main.tf").write_text("\n".join([text, *declarations(text)]))
        at.init(root).require("init")
        at.plan(root).require("plan")
