"""Every folder of HCL that there is: format, schema, its own tests, and of roots the plan."""

from pathlib import Path

import pytest

from terraform.check import Step, steps
from terraform.folders import Folder, folders, named
from terraform.workspace import HOW_TO_GET, TerraformError, Workspace, workspace
from tests.parts import require


def marks(folder: Folder) -> list[pytest.MarkDecorator]:
    """Roots are where their plans are looked at: each is planned once."""
    return [pytest.mark.xdist_group("terraform-roots")] if folder.is_root else []


@pytest.mark.platform
@pytest.mark.parametrize("folder", [pytest.param(each, marks=marks(each), id=each.name) for each in folders()])
def test_a_folder_holds(folder: Folder, deployment: Workspace) -> None:
    """``terraform fmt``, ``init``, ``validate``, ``test``, and of a root ``plan``; with REAL_PROVIDER=1 the provider's own."""
    for step in steps(folder, deployment):
        assert not step.wrong, f"{step.name}: {step.wrong}"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One module and one root, each without what it should have."""
    for name in ("modules/bare", "environments/bare"):
        (tmp_path / "terraform" / name).mkdir(parents=True)
        (tmp_path / "terraform" / name / "main.tf").write_text("locals {\n  a = 1\n}\n")
    return tmp_path


@pytest.mark.platform
@pytest.mark.xdist_group("terraform-stand-in")
def test_a_folder_without_tests_or_example_values_fails(repository: Path) -> None:
    """Nothing passes because nothing was asked."""
    require("terraform", HOW_TO_GET)
    with workspace(print, source=repository) as at:
        taken = {(folder.name, step.name): step for folder in bare(repository) for step in steps(folder, at)}
    assert "every folder has tests" in taken["modules/bare", "test"].wrong
    assert "every root has one" in taken["environments/bare", "plan"].wrong
    assert ("modules/bare", "plan") not in taken


@pytest.mark.platform
@pytest.mark.xdist_group("terraform-stand-in")
def test_a_badly_formatted_folder_fails(repository: Path) -> None:
    """And what follows is told as well; after a failed init there is nothing to follow."""
    require("terraform", HOW_TO_GET)
    module, root = bare(repository)
    (repository / "terraform" / module.name / "main.tf").write_text("locals {\na=1\n}\n")
    (repository / "terraform" / root.name / "main.tf").write_text('module "gone" {\n  source = "../gone"\n}\n')
    with workspace(print, source=repository) as at:
        first, *others = steps(module, at)
        assert "+  a = 1" in first.wrong
        assert [step for step in others if step.name == "validate"] == [Step("validate", "")]
        assert [step.name for step in steps(root, at)] == ["fmt", "init"]


@pytest.mark.platform
@pytest.mark.xdist_group("terraform-stand-in")
def test_a_remote_state_stays_out_of_it(repository: Path) -> None:
    """A root with a backend is planned with a state of its own, and the committed file is not touched."""
    require("terraform", HOW_TO_GET)
    _, root = bare(repository)
    backend = repository / "terraform" / root.name / "backend.tf"
    backend.write_text('terraform {\n  backend "gcs" {}\n}\n')
    with workspace(print, source=repository) as at:
        at.init(root).require("init")
        assert at.plan(root).code == 0
    assert sorted(path.name for path in backend.parent.iterdir()) == ["backend.tf", "main.tf"]


@pytest.mark.platform
@pytest.mark.xdist_group("terraform-stand-in")
def test_a_plan_leaves_no_values_behind(repository: Path) -> None:
    """A root's own tests, which may come after its plan in the same copy, see no value of its example."""
    require("terraform", HOW_TO_GET)
    _, root = bare(repository)
    folder = repository / "terraform" / root.name
    (folder / "variables.tf").write_text('variable "word" {\n  type    = string\n  default = null\n}\n')
    (folder / "outputs.tf").write_text('output "word" {\n  value = var.word\n}\n')
    (folder / "terraform.tfvars.example").write_text('word = "example"\n')
    (folder / "tests").mkdir()
    (folder / "tests" / "word.tftest.hcl").write_text(
        'run "word" {\n  assert {\n    condition     = output.word == null\n    error_message = "A word came."\n  }\n}\n'
    )
    with workspace(print, source=repository) as at:
        assert at.plan_json(root)["planned_values"]["outputs"]["word"]["value"] == "example"
        assert at.test(root).code == 0


@pytest.mark.platform
def test_without_a_terraform_it_is_told_where_to_get_one(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than an error of the operating system."""
    with workspace(print, source=repository, real=True) as at:
        monkeypatch.setenv("PATH", "/nowhere")
        with pytest.raises(TerraformError, match=f"no terraform in PATH: {HOW_TO_GET}"):
            at.init(Folder("modules/bare"))


def test_the_real_provider_is_taken_where_it_is_asked_for(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing stands in for it then, and nothing of the caller's own variables or credentials comes in."""
    monkeypatch.setenv("REAL_PROVIDER", "1")
    monkeypatch.setenv("TF_VAR_region", "moon-1")
    monkeypatch.setenv("GOOGLE_CREDENTIALS", "mine")
    with workspace(print, source=repository) as at:
        assert "TF_REATTACH_PROVIDERS" not in at.environment
        assert Path(at.environment["TF_PLUGIN_CACHE_DIR"]).is_dir()
        assert not {"TF_VAR_region", "GOOGLE_CREDENTIALS"} & at.environment.keys()


def test_every_folder_is_found_by_itself(repository: Path) -> None:
    """A new module needs no list."""
    room = repository / "terraform"
    assert folders(room) == tuple(bare(repository))
    assert [folder.is_root for folder in folders(room)] == [False, True]
    assert named("modules/bare", room) == named(str(room / "modules/bare"), room) == Folder("modules/bare")
    with pytest.raises(ValueError, match="'modules/none' came, expected one of modules/bare, environments/bare"):
        named("modules/none", room)


def bare(repository: Path) -> list[Folder]:
    """Its two folders."""
    return list(folders(repository / "terraform"))
