"""What this repository asks of its workflows beyond their syntax. A rule gives every breach of it."""

import re
from collections.abc import Callable, Iterator

from terraform.workflows.workflow import Complaint, Workflow, lines

Rule = Callable[[Workflow], Iterator[Complaint]]

_USES = re.compile(r"^\s*(?:-\s+)?uses:\s*(?P<action>\S+)(?P<comment>.*)$")
_PINNED = re.compile(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40}$")
_VERSION = re.compile(r"^\s+# v\d+\.\d+\.\d+$")
_MAY = {"contents": "read", "id-token": "write"}
_AUTH = "google-github-actions/auth@"
_TRUSTED = ("actions/", "google-github-actions/", "hashicorp/", "./")


def pinned(workflow: Workflow) -> Iterator[Complaint]:
    """Others' actions are named by commit, with their version beside it: a tag can be moved."""
    for number, line in lines(workflow):
        found = _USES.match(line)
        if found is None or found["action"].startswith("./"):
            continue
        if not _PINNED.match(found["action"]):
            yield workflow.complaint(number, f"uses: {found['action']} came, expected OWNER/ACTION@ and 40 hex digits")
        elif not _VERSION.match(found["comment"]):
            yield workflow.complaint(
                number, f"uses: {found['comment']!r} follows, expected the version, such as # v1.2.3"
            )


def few_rights(workflow: Workflow) -> Iterator[Complaint]:
    """A workflow reads the repository; a job that signs in to Google may ask for a token; nobody writes."""
    granted = workflow.content.get("permissions")
    if _without_line(granted) not in ({}, {"contents": "read"}):
        yield workflow.complaint(1, f"permissions: {granted!r} came, expected contents: read alone, at the top")
    for job in workflow.jobs:
        wanted = job.content.get("permissions")
        if wanted is None:
            continue
        for right, how in (_without_line(wanted) or {"all": wanted}).items():
            if _MAY.get(right) != how:
                yield workflow.complaint(job.line, f"{job.name}: permissions: {right}: {how} came, expected of {_MAY}")
        signs = any(step.uses.startswith(_AUTH) for step in job.steps)
        if "id-token" in (_without_line(wanted) or {}) and not signs:
            yield workflow.complaint(
                job.line, f"{job.name}: id-token without a step that signs in, expected neither or both"
            )


def trusted(workflow: Workflow) -> Iterator[Complaint]:
    """Where a token may be had, no action runs but GitHub's, Google's, HashiCorp's and our own."""
    for job in workflow.jobs:
        if "id-token" not in (_without_line(job.content.get("permissions")) or {}):
            continue
        for step in job.steps:
            if step.uses and not step.uses.startswith(_TRUSTED):
                yield workflow.complaint(
                    step.line,
                    f"{job.name}: {step.uses} came in a job that may sign in, expected it in one that may not",
                )


def no_keys(workflow: Workflow) -> Iterator[Complaint]:
    """Nothing secret lies at GitHub: who signs in shows a token that GitHub made for this run."""
    for number, line in lines(workflow):
        for word in ("secrets.", "credentials_json", "service-accounts keys"):
            if word in line and not line.lstrip().startswith("#"):
                yield workflow.complaint(number, f"{word} came, expected workload identity and no secret at GitHub")
    for job in workflow.jobs:
        for step in job.steps:
            if step.uses.startswith(_AUTH) and "workload_identity_provider" not in step.given:
                yield workflow.complaint(
                    step.line, f"{job.name}: no workload_identity_provider, expected it with the account"
                )


def no_injection(workflow: Workflow) -> Iterator[Complaint]:
    """A script gets what others wrote (titles, branches, variables) from its environment, never as its own text."""
    for job in workflow.jobs:
        for step in job.steps:
            if "${{" in step.run:
                yield workflow.complaint(step.line, f"{job.name}: ${{{{ }}}} in a script, expected it in env")


def quiet(workflow: Workflow) -> Iterator[Complaint]:
    """No script shows what it runs with, or a key: what is fetched goes to a file."""
    for job in workflow.jobs:
        for step in job.steps:
            for line in step.run.splitlines():
                if re.search(r"\bset -\w*x|--log-http|TF_LOG", line):
                    yield workflow.complaint(
                        step.line, f"{job.name}: {line.strip()!r} came, which shows all that is sent"
                    )
                if re.search(
                    r"get-key-string|print-access-token|key_commands|/fetch\"$|/fetch\" ", line
                ) and not re.search(r"> \"|rm -f", line):
                    yield workflow.complaint(
                        step.line, f"{job.name}: {line.strip()!r} came, expected a key to go to a file"
                    )
                if re.search(r"\b(echo|cat|printf)\b.*\bkey\"?$", line, re.IGNORECASE):
                    yield workflow.complaint(
                        step.line, f"{job.name}: {line.strip()!r} came, expected a key to be shown nobody"
                    )


def bounded(workflow: Workflow) -> Iterator[Complaint]:
    """Every job has an end, and two runs of a workflow know of each other."""
    if "concurrency" not in workflow.content:
        yield workflow.complaint(1, "no concurrency came, expected a group")
    for job in workflow.jobs:
        if not job.calls and not isinstance(job.content.get("timeout-minutes"), int):
            yield workflow.complaint(job.line, f"{job.name}: no timeout-minutes came, expected a number")


def closed_to_strangers(workflow: Workflow) -> Iterator[Complaint]:
    """No stranger's change runs with rights, nor leaves a token behind for the steps after it."""
    if "pull_request_target" in workflow.triggers:
        yield workflow.complaint(
            1, "pull_request_target came: it gives a stranger's change rights, expected pull_request"
        )
    for job in workflow.jobs:
        signs = any(step.uses.startswith(_AUTH) for step in job.steps)
        own = "github.event.pull_request.head.repo.full_name == github.repository"
        if signs and "pull_request" in workflow.triggers and own not in str(job.content.get("if", "")):
            yield workflow.complaint(job.line, f"{job.name} signs in for pull requests, expected if: {own}")
        for step in job.steps:
            if step.uses.startswith("actions/checkout@") and step.given.get("persist-credentials") != "false":
                yield workflow.complaint(
                    step.line, f"{job.name}: checkout leaves its token, expected persist-credentials: false"
                )


RULES: tuple[Rule, ...] = (
    pinned,
    few_rights,
    trusted,
    no_keys,
    no_injection,
    quiet,
    bounded,
    closed_to_strangers,
)


def _without_line(granted: object) -> dict[str, str] | None:
    return {k: v for k, v in granted.items() if k != "__line__"} if isinstance(granted, dict) else None
