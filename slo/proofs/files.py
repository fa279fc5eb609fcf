"""The promtool files of an objective."""

from collections.abc import Sequence

from slo.burn import Windows
from slo.pace import REAL, Pace
from slo.proofs.burns import burns
from slo.proofs.case import Case, Subject
from slo.proofs.cases import cases, never_written
from slo.proofs.turn import LOOK, turn
from slo.rendering import MADE_BY
from slo.rules import INTERVAL, group_names
from slo.spec import Severity, Spec

_STEPS = {"page": 120, "ticket": 240}  # seconds between two samples; a rate of five minutes needs two of them


def proof_files(spec: Spec, specs: Sequence[Spec], windows: Windows) -> dict[str, str]:
    """The promtool tests of one objective by name: each severity's burns, and with the first one everything else."""
    subject = _subject(spec, specs, windows)
    made = {
        f"{spec.name}.{severity}": burn_file(spec, specs, windows, severity) for severity in spec.alerting.severities
    }
    made[spec.name] = _file(subject, list(cases(subject)), INTERVAL)
    if never := list(never_written(subject)):
        made[f"{spec.name}.never"] = _file(subject, never, never[0].step)
    if turned := list(turn(subject)):
        made[f"{spec.name}.month"] = _file(subject, turned, LOOK)
    return made


def burn_file(spec: Spec, specs: Sequence[Spec], windows: Windows, severity: Severity, pace: Pace = REAL) -> str:
    """The burns of one severity, of rules at any pace."""
    subject = _subject(spec, specs, windows, pace)
    step = pace.step(_STEPS[severity])
    return _file(subject, list(burns(subject, severity, step)), step)


def _subject(spec: Spec, specs: Sequence[Spec], windows: Windows, pace: Pace = REAL) -> Subject:
    named = {one.name: one for one in specs}
    parts = spec.sli.composite.weights if spec.sli.composite is not None else ()
    return Subject(spec, tuple(named[part] for part in parts), windows, pace)


def _file(subject: Subject, made: Sequence[Case], evaluated: int) -> str:
    lines = [
        MADE_BY,
        "rule_files:",
        *(f"  - ../rules/{one.name}.yaml" for one in (*subject.parts, subject.spec)),
        f"evaluation_interval: {evaluated}s",
        "group_eval_order:",  # parts before the whole: at its next look, what they were is no longer the present
        *(f"  - {name}" for one in (*subject.parts, subject.spec) for name in group_names(one)),
        "tests:",
        *(line for case in made for line in case.lines()),
    ]
    return "\n".join(lines) + "\n"
