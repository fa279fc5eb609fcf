"""The page that says how far GCP holds each rule of a policy."""

from collections.abc import Iterable

from gateway_config.gcp.marks import GCP, MARKS, used
from gateway_config.policy.model import Policy


def rules_page(policy: Policy, made: str) -> str:
    """How far GCP holds each rule, as Markdown: those that the policy uses, with its reasons; then the others."""
    accepts, uses = policy.environments[GCP].accepts, used(policy)
    lines = [
        f"<!-- {made} -->",
        "# What GCP API Gateway holds of the policy",
        "",
        "The local gateway holds every rule. On GCP each is native, approximate or unsupported; one that isn't native has to",
        "be accepted in `policy.yaml`, with a reason, or `python -m gateway_config check` fails.",
        "",
        "## Rules that this policy uses",
        "",
        *_markdown(("rule", "on GCP", "how, or why not", "instead", "accepted, because"), _rows(True, uses, accepts)),
        "",
        "## Other rules",
        "",
        *_markdown(("rule", "on GCP", "how, or why not", "instead"), _rows(False, uses, accepts)),
    ]
    return "\n".join(lines) + "\n"


def _rows(in_use: bool, uses: dict[str, str], accepts: dict[str, str]) -> list[tuple[str, ...]]:
    """The reasons are the last column of the rules in use."""
    marks = [mark for mark in MARKS if (mark.rule in uses) is in_use]
    rows = [(f"`{mark.rule}`", mark.support, mark.how, mark.instead) for mark in marks]
    return [(*row, accepts.get(mark.rule, "")) for row, mark in zip(rows, marks, strict=True)] if in_use else list(rows)


def _markdown(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    return [_line(head), _line("---" for _ in head), *map(_line, rows)]


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
