"""What rules say of some traffic, asked of promtool: it evaluates them over made-up series, in no real time.

``promtool test rules`` has no way to print a value, but it tells what it got where a test expects something else. So every
question expects what can't be, and the answers are what it got.
"""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from slo.rules import INTERVAL

_SPARING = {"GOGC": "400"}  # a fifth less CPU for 100 MB more: a run is short

_FAILED = re.compile(r'^ *expr: (?P<expr>".*"), time: .*\n *exp: .*\n *got: (?P<got>.*)$', re.MULTILINE)
_NOTHING = "nil"


class PromtoolError(RuntimeError):
    """promtool refused the rules or answered in a way that is not understood; its own words."""


@dataclass(frozen=True)
class Case:
    """Rules and what they see.

    ``rules`` is a rules file, ``order`` its groups as they are evaluated (promtool's own order changes from run to run),
    ``series`` what each series is at each evaluation, ``at`` the second at which questions are asked.
    """

    rules: str
    order: Sequence[str]
    series: Mapping[str, Sequence[int]]
    at: int


def ask(program: str, case: Case, questions: Mapping[str, str]) -> dict[str, float | None]:
    """Evaluate a case with a promtool, and answer questions in PromQL, each by one sample without labels or by none.

    Returns:
        The value of each question by its name; None where there is none, NaN where it is that.

    Raises:
        PromtoolError: if it could not answer.
    """
    test = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": f"{INTERVAL}s",
        "group_eval_order": case.order,
        "tests": [
            {
                "interval": f"{INTERVAL}s",
                "input_series": [
                    {"series": name, "values": " ".join(map(str, values))} for name, values in case.series.items()
                ],
                "promql_expr_test": [
                    {"expr": expr, "eval_time": f"{case.at}s", "exp_samples": [{"labels": '{never="so"}', "value": 0}]}
                    for expr in questions.values()
                ],
            }
        ],
    }
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "rules.yaml").write_text(case.rules, encoding="utf-8")
        path = Path(folder) / "test.yaml"
        path.write_text(json.dumps(test), encoding="utf-8")  # JSON is YAML
        done = subprocess.run(  # noqa: S603 - the program is the caller's own
            [program, "test", "rules", path],
            env={**os.environ, **_SPARING},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    said = done.stdout + done.stderr
    got = {json.loads(found["expr"]): found["got"] for found in _FAILED.finditer(said)}
    if set(got) != set(questions.values()):
        raise PromtoolError(said)
    return {name: _value(got[expr]) for name, expr in questions.items()}


def version(program: str) -> str:
    """What it calls itself, such as ``promtool, version 2.42.0``."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603 - likewise
    return (done.stdout + done.stderr).splitlines()[0].split("+")[0].split(" (")[0]


def _value(got: str) -> float | None:
    if got == _NOTHING:
        return None
    labels, _, value = got.partition(" ")
    if labels != "{}":
        raise PromtoolError(f"one sample without labels was expected, {got} came")
    return float(value)
