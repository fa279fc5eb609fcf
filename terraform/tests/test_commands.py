"""The command line."""

import subprocess
import sys
from pathlib import Path

import pytest

from terraform.__main__ import main
from terraform.provider.store import Store
from terraform.workspace import HOW_TO_GET
from tests.parts import require

pytestmark = pytest.mark.platform


def test_a_resource_is_told(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    """With the providers that have it; of an unknown one, what is near."""
    assert store.folder.exists()
    assert main(["schema", "google_apikeys_key"]) == 0
    assert "allowed_ips  list(string), required" in capsys.readouterr().out
    assert main(["schema", "--data", "google_project"]) == 0
    assert "google_project (google, google-beta)" in capsys.readouterr().out
    assert main(["schema", "google_apikeys"]) == 1
    assert "near: google_apikeys_key" in capsys.readouterr().err


@pytest.mark.slow
def test_a_module_is_checked(capsys: pytest.CaptureFixture[str]) -> None:
    """One line a folder, and a verdict."""
    require("terraform", HOW_TO_GET)
    assert main(["check", "modules/apis"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("modules/apis: fmt, init, validate, test ")
    assert lines[-1] == "1 folders, all well"


@pytest.mark.slow
def test_without_terraform_the_hcl_is_still_checked(
    tools: Path, store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And it is said what is not."""
    assert tools.exists()
    assert store.folder.exists()
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["check", "modules/apis"]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "1 folders fit the schema"
    assert "no format, test, plan" in said.err


def test_a_folder_that_is_none_is_a_mistake_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    """With the folders that there are."""
    assert main(["check", "modules/nothing"]) == 2
    assert "'modules/nothing' came, expected one of modules/apis, " in capsys.readouterr().err


def test_the_tool_is_a_module() -> None:
    """``python -m terraform`` tells its commands."""
    done = subprocess.run([sys.executable, "-m", "terraform", "--help"], capture_output=True, text=True, check=True)
    assert "check" in done.stdout
    assert "schema" in done.stdout
