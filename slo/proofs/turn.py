"""A calendar month's own budget: an outage at its end uses it up, and it is full again when the month turns.

promtool's clock begins on 1 January 1970.
"""

from collections.abc import Iterator
from decimal import Decimal

from slo.proofs.case import BUSY, Case, Check, Subject, near
from slo.proofs.inputs import Phase

LOOK = 3 * 3600  # seconds between two evaluations: a month passes in seconds
_HOUR = 3600
_JANUARY, _FEBRUARY = 31 * 24, 28 * 24  # hours
_STEP = 240


def turn(subject: Subject) -> Iterator[Case]:
    """Of an objective whose window is the month."""
    if subject.spec.window != "month":
        return
    left = f"slo:period_error_budget_remaining:ratio{subject.slo}"
    hourly = subject.worst / subject.spec.budget  # of an outage, of a budget of one hour
    last, first = 24 * hourly / _JANUARY, 3 * hourly / _FEBRUARY

    def phase(hours: int, *, bad: bool = False) -> Phase:
        return Phase(hours * _HOUR, BUSY, Decimal(bad))

    def check(hours: int, expr: str) -> Check:
        return Check((_JANUARY + hours) * _HOUR, expr, 1)

    phases = [phase(_JANUARY - 27), phase(24, bad=True), phase(7), phase(3, bad=True), phase(8)]
    checks = [
        check(-30, f"count({left} == 1)"),
        check(-3, near(left, 1 - last, last / 10)),
        check(3, f"count({left} == 1)"),
        check(12, near(left, 1 - first, first / 3)),  # a fourth of the time is a fifth of the looks
    ]
    title = (
        f"an outage on the last day of January uses up {last:.2f} of its budget; February's is full, "
        f"and an outage of three hours in its first night uses up {first:.2f} of it"
    )
    yield Case(title, subject.series(phases, _STEP), checks, _STEP)
