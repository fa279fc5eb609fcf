"""One run of checkov over a folder of HCL: what it found, and what is skipped for which reason."""

import json
import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from terraform.provider.environment import Say, interpreter

ROOM = Path(__file__).parent
POLICIES = ROOM / "policies"
FIXTURES = ROOM / "fixtures"
REQUIREMENTS = ROOM / "requirements.txt"
SKIPS = ROOM / "skips.yaml"

_SECONDS = 300.0
_RESOURCE = re.compile(r"google_\w+\.\w+")  # without the way to it: module.platform.module.service["europe-west1"]...
_NO_REASON = "No comment provided"
# checkov prints it where a check breaks, and goes on as if that check had not been asked for.
_BROKEN = "Failed to run check"
# Its own checks are all there is to be had offline: without this it asks its maker's server, minutes long.
_OPTIONS = ("--framework", "terraform", "--skip-download", "--compact", "--output", "json")


class ScanError(RuntimeError):
    """checkov could not be run, or not to the end."""


@dataclass(frozen=True, order=True)
class Finding:
    """What one check says of one resource."""

    file: str
    line: int
    check: str
    name: str
    resource: str
    reason: str = ""

    def __str__(self) -> str:
        """A line as compilers write them."""
        return f"{self.file}:{self.line}: {self.check}: {self.name} ({self.resource})"


@dataclass(frozen=True)
class Scan:
    """What checkov found: the same place counts once, however many roots lead to it."""

    resources: int
    passed: frozenset[Finding]
    failed: frozenset[Finding]
    skipped: frozenset[Finding]

    def wrong(self) -> list[str]:
        """A line for all that may not stay: findings, and skips that give no reason."""
        silent = [f"{skip}: skipped, expected the reason behind it" for skip in sorted(self.skipped) if not skip.reason]
        return [*map(str, sorted(self.failed)), *silent]


def scan(folder: Path, say: Say, checks: Iterable[str] = ()) -> Scan:
    """Run checkov over a folder, with all of its checks and ours, or only ``checks``.

    Raises:
        FetchError: if checkov can't be fetched.
        ScanError: if it does not do what was asked.
    """
    python = interpreter("checkov", REQUIREMENTS, say)
    only = [argument for check in checks for argument in ("--check", check)]
    beside = ("--skip-path", "checkov/fixtures") if folder != FIXTURES else ()
    ours = ("--external-checks-dir", str(POLICIES))
    command = (str(python), "-m", "checkov.main", "--directory", str(folder), *ours, *_OPTIONS, *only, *beside)
    try:
        done = subprocess.run(  # noqa: S603 - checkov, in its own environment
            command, env=_environment(), capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ScanError(f"checkov had not ended after {_SECONDS:.0f} s") from error
    if _BROKEN in done.stderr or done.returncode not in {0, 1}:
        raise ScanError(f"checkov ended with {done.returncode}:\n{done.stderr.strip()[-2000:]}")
    return _read(done.stdout, folder)


def read_skips() -> dict[str, str]:
    """The checks that nothing is held to, each with its reason.

    Raises:
        ScanError: naming those without one.
    """
    read: dict[str, str | None] = yaml.safe_load(SKIPS.read_text(encoding="utf-8"))
    if silent := [check for check, reason in read.items() if not reason]:
        raise ScanError(f"{SKIPS.name}: {', '.join(silent)}: expected the reason")
    return {check: str(reason) for check, reason in read.items()}


def settled(found: Scan, skips: Mapping[str, str]) -> Scan:
    """The same, with what ``skips`` names moved to the skipped.

    Raises:
        ScanError: if a skip has nothing to skip any more.
    """
    if idle := sorted(skips.keys() - {finding.check for finding in found.failed}):
        raise ScanError(f"{SKIPS.name}: {', '.join(idle)}: nothing fails it any more, expected it gone")
    taken = frozenset(finding for finding in found.failed if finding.check in skips)
    reasons = {Finding(each.file, each.line, each.check, each.name, each.resource, skips[each.check]) for each in taken}
    return Scan(found.resources, found.passed, found.failed - taken, found.skipped | reasons)


def _read(text: str, folder: Path) -> Scan:
    try:
        report: dict[str, Any] = json.loads(text)
        results, resources = report["results"], report["summary"]["resource_count"]
    except (ValueError, LookupError, TypeError) as error:
        raise ScanError(f"checkov found nothing to look at in {folder}: {text.strip()[-500:]}") from error
    if unread := results["parsing_errors"]:
        raise ScanError(f"checkov can't read {', '.join(unread)}")
    kinds = (results[f"{kind}_checks"] for kind in ("passed", "failed", "skipped"))
    return Scan(resources, *(frozenset(map(_finding, records)) for records in kinds))


def _finding(record: Mapping[str, Any]) -> Finding:
    reason = record["check_result"].get("suppress_comment", "").strip()
    resource = _RESOURCE.search(record["resource"])
    return Finding(
        file=record["file_path"].lstrip("/"),
        line=record["file_line_range"][0],
        check=record["check_id"],
        name=record["check_name"],
        resource=resource[0] if resource else record["resource"],
        reason="" if reason == _NO_REASON else reason,
    )


def _environment() -> dict[str, str]:
    """Only errors are said, and no account of its maker's is used, whoever calls."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("BC_", "CKV_", "PRISMA_", "CHECKOV_"))
    }
    return kept | {"LOG_LEVEL": "ERROR", "ANSI_COLORS_DISABLED": "1"}
