"""A calendar month of its own, for an objective that is measured by itself."""

import subprocess
from pathlib import Path

import msgspec
import pytest

from slo.burn import Windows
from slo.generated import rules_files
from slo.proofs.files import proof_files
from slo.rules import TOTAL, events_left, groups
from slo.spec import Spec


@pytest.fixture(scope="module")
def monthly(specs: dict[str, Spec]) -> Spec:
    """The overhead of the gateway, by the calendar."""
    return msgspec.structs.replace(specs["gateway-overhead"], window="month")


@pytest.mark.platform
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("and on (month) count_values", "or on (month) count_values"),
        (" * scalar((day_of_month()", " * 1 + 0 * scalar((day_of_month()"),
    ],
)
def test_a_budget_is_full_again_when_the_month_turns(
    promtool: str, tmp_path: Path, monthly: Spec, windows: Windows, old: str, new: str
) -> None:
    """And an outage in its first night does not use it up.

    Where last month counts on, or the part of the month that has passed does not, the proof fails.
    """
    for folder, made in (
        ("rules", rules_files((monthly,), windows)),
        ("tests", proof_files(monthly, (monthly,), windows)),
    ):
        (tmp_path / folder).mkdir()
        for name, text in made.items():
            path = tmp_path / folder / f"{name.removeprefix('rules/').removesuffix('.yaml')}.yaml"
            path.write_text(text.replace(old, new) if old else text)
    proof = tmp_path / "tests" / "gateway-overhead.month.yaml"
    done = subprocess.run([promtool, "test", "rules", str(proof)], capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is not bool(old), done.stdout + done.stderr


def test_only_who_needs_months_records_them(specs: dict[str, Spec], windows: Windows) -> None:
    """A month's objective and the parts of one; nobody else pays for it."""

    def records(spec: Spec) -> set[str]:
        return {rule.record for group in groups(spec, windows, composites=specs.values()) for rule in group.rules}

    monthly = {name for name, spec in specs.items() if "slo:sli_error:ratio_month" in records(spec)}
    assert monthly == {"platform", "gateway-availability", "latency-tail", "prediction-log"}
    assert f"{TOTAL}_month" not in records(specs["memory"])


def test_what_is_left_is_of_the_whole_month(monthly: Spec) -> None:
    """The rest of the month is expected to be like what has passed of it."""
    said = events_left(monthly)
    assert said.startswith("0.01 * sum without (month) (sum_over_time(")
    assert "* 30 / scalar((day_of_month() - 1 + time() % 86400 / 86400) / days_in_month()) - sum" in said
