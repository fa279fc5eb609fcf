"""The committed files are what the policy and the service's document give now, and say by what they were made."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from openapi_spec_validator import validate

from gateway_config.gcp.marks import MARKS, used
from gateway_config.generated import CONTRACT_FILE, Generated
from gateway_config.policy.contract import Contract
from gateway_config.policy.reading import read_policy
from gateway_config.tests.contracts import contract, policy

ROOM = Path(__file__).parents[2]
NAMES = {
    "clients.auto.tfvars.json",
    "conformance.md",
    "extensions.schema.json",
    "openapi-gcp-2.0.yaml",
    "openapi-gcp.yaml",
    "policy.schema.json",
    "rules.md",
}


@pytest.fixture(scope="module")
def shipped() -> Generated:
    """What is committed."""
    folder = ROOM / "generated"
    return Generated(read_policy(ROOM / "policy.yaml"), Contract.read(folder / CONTRACT_FILE), folder)


def test_nothing_is_stale(shipped: Generated) -> None:
    """After a change: ``make render``."""
    assert shipped.stale() == ()
    assert set(shipped.files()) == NAMES


def test_nothing_is_left_over(shipped: Generated) -> None:
    """A file that nothing renders any more is taken out."""
    told = (shipped.folder / "README.md").read_text()
    for path in shipped.folder.iterdir():
        assert path.name == "README.md" or f"`{path.name}`" in told, path.name


@pytest.mark.parametrize("name", ["openapi-gcp.yaml", "openapi-gcp-2.0.yaml"])
@pytest.mark.parametrize("filled", [False, True])
def test_documents_are_valid(shipped: Generated, name: str, filled: bool) -> None:
    """As committed and as Terraform fills them in they are OpenAPI, and meet the schema of Google's extensions."""
    text = (shipped.folder / name).read_text()
    if filled:
        text = text.replace("${backend_url}", "https://a.example").replace("${api_title}", "Ours")
        assert "${" not in text
    document = yaml.safe_load(text)
    validate(document)
    schema = json.loads((shipped.folder / "extensions.schema.json").read_text())
    jsonschema_rs.Draft202012Validator(schema).validate(document)


def test_documents_say_the_policy(shipped: Generated) -> None:
    """What is open in the documents is public in the policy; what is in them is in the policy."""
    for name in ("openapi-gcp.yaml", "openapi-gcp-2.0.yaml"):
        paths = yaml.safe_load((shipped.folder / name).read_text())["paths"]
        operations = {
            operation["operationId"]: (method.upper(), path, operation["security"] != [])
            for path, item in paths.items()
            for method, operation in item.items()
        }
        expected = {name: (op.method, op.path, op.keyed) for name, op in shipped.policy.operations.items()}
        assert operations == expected


def test_every_file_says_what_made_it(shipped: Generated) -> None:
    """Who opens one knows not to edit it."""
    for name, content in shipped.files().items():
        assert any(b"`python -m gateway_config render`" in line for line in content.splitlines()[:3]), name


def test_it_does_not_depend_on_how_python_runs(shipped: Generated) -> None:
    """Without docstrings the same is rendered."""
    code = (
        "import sys; from gateway_config.__main__ import run; sys.exit(run(sys.argv[1:], {}, sys.stdout, sys.stderr))"
    )
    command = [sys.executable, "-OO", "-c", code, "render", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOM.parent)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{shipped.folder.relative_to(ROOM.parent)}: 7 files, none stale\n"


def test_editors_find_the_schema(shipped: Generated) -> None:
    """The policy's first line names the committed schema."""
    first = (ROOM / "policy.yaml").read_text().splitlines()[0]
    path = ROOM / first.removeprefix("# yaml-language-server: $schema=")
    assert path == shipped.folder / "policy.schema.json"


def test_stale(tmp_path: Path) -> None:
    """A file is stale where it is missing or says something else; one that another policy renders too is not."""
    generated = Generated(policy(), contract(), tmp_path / "generated")
    assert {path.name for path in generated.stale()} == NAMES
    generated.write()
    assert generated.stale() == ()
    changed = replace(generated, policy=policy(clients__acme__rate={"per_second": 3, "burst": 5}))
    assert {path.name for path in changed.stale()} == {
        "clients.auto.tfvars.json",
        "openapi-gcp-2.0.yaml",
        "openapi-gcp.yaml",
    }
    (generated.folder / "rules.md").write_text("other")
    assert generated.stale() == (generated.folder / "rules.md",)


def test_without_gcp(tmp_path: Path) -> None:
    """A policy for this machine alone has nothing for GCP."""
    names = set(Generated(policy(environments__gcp=None), contract(), tmp_path).files())
    assert names == {"conformance.md", "policy.schema.json"}


def test_with_an_address(tmp_path: Path) -> None:
    """Where the policy has an address, the documents are no templates and don't say that they are."""
    made = Generated(policy(environments__gcp__backends=["https://a.example"]), contract(), tmp_path).files()
    assert b"templatefile" not in made["openapi-gcp.yaml"]
    assert b"${backend_url}" not in made["openapi-gcp.yaml"]


def test_rules_page(tmp_path: Path) -> None:
    """Every rule has its row: those in use, with why they are accepted, before the others."""
    subject = policy(environments__gcp__accepts={"max_body_bytes": "it will | do"})
    page = Generated(subject, contract(), tmp_path).files()["rules.md"].decode()
    rows = [line.split(" | ")[0].removeprefix("| ") for line in page.splitlines() if line.startswith("| `")]
    first = list(used(subject))
    assert rows == [f"`{rule}`" for rule in first] + [f"`{mark.rule}`" for mark in MARKS if mark.rule not in first]
    assert "| it will \\| do |" in page
