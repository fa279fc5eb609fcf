"""Nothing fails checkov in the deployment, and our policies say what they should of what breaks them."""

import json
import re
from pathlib import Path

import pytest
import yaml

from terraform.__main__ import main
from terraform.checkov import command
from terraform.checkov import scan as scanning
from terraform.checkov.scan import FIXTURES, POLICIES, Finding, Scan, ScanError, read_skips, scan, settled
from terraform.folders import GROUPS, ROOM
from terraform.provider.store import store

NAMES = sorted(path.stem for path in POLICIES.glob("*.yaml"))
FOUND = Finding("main.tf", 3, "CKV_GCP_1", "Ensure that", "google_a.b")


def check(policy: str) -> str:
    """A policy's id."""
    return f"CKV2_PUERTA_{policy.upper().replace('-', '_')}"


def types(policy: str) -> set[str]:
    """The resource types that a policy is about; those that it only looks for a connection to are none."""
    return set(
        re.findall(r"^[\s-]+resource_types: \[(\w+)\]$", (POLICIES / f"{policy}.yaml").read_text(), re.MULTILINE)
    )


def resources(policy: str, kind: str) -> set[str]:
    """The resources of a policy's fixture that are ``good`` or ``bad``."""
    found = re.findall(r'^resource "(\w+)" "(\w+)"', (FIXTURES / f"{policy}.tf").read_text(), re.MULTILINE)
    return {f"{type_}.{name}" for type_, name in found if name.startswith(f"{kind}_")}


@pytest.fixture(scope="module")
def fixtures() -> Scan:
    """What our policies say of their fixtures: one run."""
    return scan(FIXTURES, print, map(check, NAMES))


@pytest.mark.platform
@pytest.mark.slow
@pytest.mark.xdist_group("terraform-checkov")
@pytest.mark.parametrize("policy", NAMES)
def test_a_policy_fails_of_the_bad_and_of_nothing_good(policy: str, fixtures: Scan) -> None:
    """Every bad resource fails it. No good one does, and some pass: of values that are variables it says nothing."""
    failed = {finding.resource for finding in fixtures.failed if finding.check == check(policy)}
    passed = {finding.resource for finding in fixtures.passed if finding.check == check(policy)}
    good, bad = resources(policy, "good"), resources(policy, "bad")
    assert bad
    assert bad <= failed
    assert not good & failed
    assert good & passed or not good


@pytest.mark.parametrize("policy", NAMES)
def test_a_policy_is_about_one_type_and_called_as_its_file(policy: str) -> None:
    """So that what fails is found; of account keys there is nothing good."""
    assert yaml.safe_load((POLICIES / f"{policy}.yaml").read_text())["metadata"]["id"] == check(policy)
    assert len(types(policy)) == 1
    assert resources(policy, "good") or policy == "account-key"


@pytest.mark.platform
@pytest.mark.parametrize("policy", NAMES)
def test_a_policy_is_about_something_that_there_is(policy: str) -> None:
    """A misspelt type would never fail of anything."""
    opened = store(print)
    assert [name for name in types(policy) if not opened.get("google-beta", "resource", name)] == []


def test_every_fixture_has_its_policy() -> None:
    """None is left of a policy that is gone."""
    assert sorted(path.stem for path in FIXTURES.glob("*.tf")) == NAMES


@pytest.mark.platform
@pytest.mark.slow
@pytest.mark.xdist_group("terraform-scan")
def test_nothing_is_found_in_the_deployment() -> None:
    """Modules, environments, examples and bootstrap: all that fails is skipped, with a reason, and no skip is idle."""
    found = settled(scan(ROOM, print), read_skips())
    assert found.wrong() == []
    assert any(finding.check.startswith("CKV2_PUERTA_") for finding in found.passed)


def test_every_skip_beside_a_resource_says_why() -> None:
    """``checkov:skip=ID:`` and a sentence."""
    files = [path for group in GROUPS for path in (ROOM / group).rglob("*.tf")]
    skips = [line for path in files for line in path.read_text().splitlines() if "checkov:skip" in line]
    assert skips
    for line in skips:
        reason = re.search(r"#\s*checkov:skip=CKV\w+:(.*)", line)
        assert reason is not None, line
        assert len(reason[1].split()) > 2, line


def test_every_general_skip_says_why() -> None:
    """In the file of those that hold for everything."""
    assert all(len(reason.split()) > 3 for reason in read_skips().values())


def test_a_general_skip_without_a_reason_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name."""
    monkeypatch.setattr(scanning, "SKIPS", tmp_path / "skips.yaml")
    scanning.SKIPS.write_text("CKV_GCP_1: because\nCKV_GCP_2:\n")
    with pytest.raises(ScanError, match="CKV_GCP_2: expected the reason"):
        read_skips()


def test_a_skip_that_nothing_needs_is_refused() -> None:
    """What was mended must not hide what breaks later."""
    found = Scan(1, frozenset(), frozenset({FOUND}), frozenset())
    assert settled(found, {"CKV_GCP_1": "because"}).wrong() == []
    with pytest.raises(ScanError, match="CKV_GCP_2: nothing fails it any more"):
        settled(found, {"CKV_GCP_1": "because", "CKV_GCP_2": "because"})


def test_a_skip_without_a_reason_is_wrong() -> None:
    """As wrong as what it hides; and a finding is told with file, line and check."""
    assert Scan(1, frozenset(), frozenset(), frozenset({FOUND})).wrong() == [
        f"{FOUND}: skipped, expected the reason behind it"
    ]
    assert Scan(1, frozenset(), frozenset({FOUND}), frozenset()).wrong() == [
        "main.tf:3: CKV_GCP_1: Ensure that (google_a.b)"
    ]


@pytest.mark.parametrize("said", ["", "[]", json.dumps({"passed": 0, "failed": 0})])
def test_nothing_looked_at_is_no_success(said: str) -> None:
    """Where there is no HCL, checkov ends well."""
    with pytest.raises(ScanError, match="nothing to look at"):
        scanning._read(said, FIXTURES)


@pytest.mark.parametrize(("failed", "code"), [(frozenset(), 0), (frozenset({FOUND}), 1)])
def test_the_command_ends_as_what_was_found(
    failed: frozenset[Finding], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Findings on standard error, the sum on standard output, the reasons of skips where they are asked for."""
    skipped = frozenset({Finding("main.tf", 9, "CKV_GCP_2", "Ensure this", "google_a.c", "not needed here")})
    monkeypatch.setattr(command, "scan", lambda *_: Scan(3, frozenset(), failed, skipped))
    assert main(["scan", "modules/apis", "--skipped"]) == code
    said = capsys.readouterr()
    assert said.err == "".join(f"{finding}\n" for finding in failed)
    assert f"3 resources, 0 checks passed, {code} failed, 1 skipped with a reason" in said.out
    assert "main.tf:9: CKV_GCP_2: Ensure this (google_a.c): skipped: not needed here" in said.out
