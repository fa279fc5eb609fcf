"""The objectives as a Markdown table, for READMEs: what is promised, measured how, over which time, and who is told."""

from collections.abc import Iterable

from slo.rendering import MADE_BY_COMMAND
from slo.spec import Spec

_PERIODS = {"30d": "30 days", "28d": "4 weeks", "month": "a calendar month"}
_HEAD = ("Objective", "Measured as", "Target", "Window", "Alerts")


def table(specs: Iterable[Spec]) -> str:
    """One row an objective, with the first sentence of its description; those that wake somebody up come first."""
    rows = [_HEAD, ("---",) * len(_HEAD)]
    for spec in sorted(specs, key=lambda one: "page" not in one.alerting.severities):
        alerts = ", ".join(spec.alerting.severities)
        measured = " ".join(spec.description.split()).partition(". ")[0].removesuffix(".")
        rows.append((spec.name, measured, f"{spec.objective} %", _PERIODS[spec.window], alerts))
    lines = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join([f"<!-- {MADE_BY_COMMAND} -->", *lines]) + "\n"
