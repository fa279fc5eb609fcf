"""Pace: the same rules in less time, with every alert at its time."""

import subprocess
from pathlib import Path

import pytest

from slo.__main__ import main
from slo.burn import Windows
from slo.generated import rules_files
from slo.pace import REAL, Pace, PaceError
from slo.proofs.files import burn_file
from slo.rules import groups
from slo.spec import Severity, Spec
from slo.tests.conftest import ROOM

MINUTES = Pace(60)


@pytest.mark.parametrize(
    ("faster", "written", "expected"),
    [(60, "5m", "5s"), (60, "6h", "6m"), (60, "3d", "72m"), (60, "30d", "12h"), (2, "5m", "150s"), (1, "7d", "7d")],
)
def test_durations(faster: int, written: str, expected: str) -> None:
    """Divided, in the largest unit in which they are whole; untouched where nothing is faster."""
    assert Pace(faster).duration(written) == expected


def test_looks_are_whole_seconds() -> None:
    """Half a second between two evaluations is a whole one."""
    assert [Pace(faster).step(30) for faster in (1, 2, 4, 60)] == [30, 15, 8, 1]


@pytest.mark.parametrize(
    ("faster", "said"),
    [(0, "expected 1 to 60"), (61, "expected 1 to 60, so that a rate of 5m keeps 5 s"), (7, "5m would be no whole")],
)
def test_what_cannot_be_scaled_is_refused(faster: int, said: str) -> None:
    """With what is possible."""
    with pytest.raises(PaceError, match=said):
        Pace(faster)


def test_only_durations_change(specs: dict[str, Spec], windows: Windows) -> None:
    """Names, labels, thresholds and words stay, of every rule."""
    for spec in specs.values():
        real, fast = (
            [rule for group in groups(spec, windows, pace) for rule in group.rules] for pace in (REAL, MINUTES)
        )
        same = [(rule.record, rule.alert, rule.labels, rule.annotations) for rule in real]
        assert [(rule.record, rule.alert, rule.labels, rule.annotations) for rule in fast] == same
        assert [group.interval for group in groups(spec, windows, MINUTES)] == [1, 1, 1]
        thresholds = [[word for word in rule.expr.split() if word.startswith("0.")] for rule in real if rule.alert]
        assert [[w for w in rule.expr.split() if w.startswith("0.")] for rule in fast if rule.alert] == thresholds


def test_nothing_committed_is_touched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rules alone are written, elsewhere; without another place it is refused."""
    before = {path: path.stat().st_mtime_ns for path in (ROOM / "generated").rglob("*")}
    assert main(["generate", "--out", str(tmp_path), "--faster", "60"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rules"]
    assert "[12h]" in (tmp_path / "rules" / "memory.yaml").read_text()
    assert main(["generate", "--faster", "60"]) == 1
    assert "expected --out" in capsys.readouterr().err
    assert main(["generate", "--out", str(tmp_path), "--faster", "7"]) == 1
    assert {path: path.stat().st_mtime_ns for path in (ROOM / "generated").rglob("*")} == before


@pytest.mark.platform
@pytest.mark.parametrize(("name", "severity"), [("gateway-availability", "page"), ("memory", "ticket")])
def test_alerts_fire_at_the_shortened_time(
    promtool: str, tmp_path: Path, specs: dict[str, Spec], windows: Windows, name: str, severity: Severity
) -> None:
    """The same proof at the same pace: not before the computed time, soon after it, and silent after recovery."""
    every = tuple(specs.values())
    for pace, proven in ((MINUTES, True), (REAL, False)):
        folder = tmp_path / str(pace.faster)
        for path, text in rules_files(every, windows, pace).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        (folder / "tests").mkdir()
        (folder / "tests" / "fast.yaml").write_text(burn_file(specs[name], every, windows, severity, MINUTES))
        command = [promtool, "test", "rules", str(folder / "tests" / "fast.yaml")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) == proven, done.stdout + done.stderr
