"""A plan that the canary can't release is refused before it is applied."""

import io
import json

import pytest

from terraform.folders import Folder
from terraform.workflows import regions
from terraform.workspace import Workspace

SERVICE = "google_cloud_run_v2_service"


def resource(location: str | None, name: str = "service", kind: str = SERVICE) -> dict[str, object]:
    """One resource of a plan; without a location, one that is deleted."""
    after = None if location is None else {"location": location, "name": "puerta"}
    return {"type": kind, "name": name, "change": {"actions": ["any"], "before": None, "after": after}}


def told(monkeypatch: pytest.MonkeyPatch, plan: str) -> int:
    """The command's answer to a plan."""
    monkeypatch.setattr("sys.stdin", io.StringIO(plan))
    return regions.main([])


def plan_of(*resources: dict[str, object]) -> str:
    """A plan, as `terraform show -json` prints it."""
    return json.dumps({"format_version": "1.2", "resource_changes": resources})


def test_one_region_is_released(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A region that is left, the console, and what else has a location do not count."""
    others = (resource(None), resource("us-east1", "console"), resource("us-east1", "service", "google_bucket"))
    assert told(monkeypatch, plan_of(resource("europe-west1"), *others)) == 0
    assert capsys.readouterr().err == ""


def test_two_regions_are_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names them, and says why and what to do."""
    assert told(monkeypatch, plan_of(resource("us-east1"), resource("europe-west1"))) == 1
    said = capsys.readouterr().err
    assert "europe-west1, us-east1: the canary releases in one region only" in said
    assert "take `replicas` out of TFVARS" in said


@pytest.mark.parametrize("plan", ["", "{}", "[]", plan_of()])
def test_what_is_no_release(plan: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing can be told, as when terraform failed before the pipe, nothing is applied."""
    assert told(monkeypatch, plan) == 2
    assert "expected" in capsys.readouterr().err


@pytest.mark.platform
@pytest.mark.xdist_group("terraform-roots")
def test_a_plan_that_terraform_makes(deployment: Workspace) -> None:
    """Prod's example, as Terraform itself plans it: in its one region."""
    plan = deployment.plan_json(Folder("environments/prod"))
    assert regions.regions(json.dumps(plan)) == ["europe-west1"]
