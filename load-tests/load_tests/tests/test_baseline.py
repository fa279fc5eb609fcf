"""The baseline, and what counts as slower."""

from pathlib import Path

import pytest

from load_tests import baseline
from load_tests.baseline import Baseline, BaselineError, Cost
from load_tests.check import PATHS
from load_tests.commands.check import BASELINE
from load_tests.figures import Spread

KNOWN = Baseline({"service": Cost(cpu=0.8, time=1.0)}, {"python": "3.11"})


def _spreads(cpu: float, time: float) -> dict[str, dict[baseline.Measure, Spread]]:
    return {"service": {"cpu": Spread(cpu, cpu, cpu), "time": Spread(time, time, time)}}


@pytest.mark.parametrize(
    ("cpu", "time", "said"),
    [
        (0.8, 1.0, "no regression"),
        (0.4, 0.5, "no regression"),
        (0.99, 1.49, "no regression"),
        (1.04, 1.0, "REGRESSION: service: CPU of a request +30%, bound +25%"),
        (0.8, 1.6, "REGRESSION: service: time of a request +60%, bound +50%"),
    ],
)
def test_more_than_the_bound_is_a_regression(cpu: float, time: float, said: str) -> None:
    """Of CPU by the bound, of time by twice as much; to become faster is none."""
    assert baseline.verdict(baseline.changes(KNOWN, _spreads(cpu, time), 0.25)) == said


def test_the_tables_tell_baseline_now_and_change() -> None:
    """On the terminal and as Markdown, with what both were measured on."""
    found = baseline.changes(KNOWN, _spreads(1.04, 1.0), 0.25)
    cpu, time = baseline.rows(found)
    assert cpu == ["service: CPU of a request", "0.80", "1.04", "1.04 to 1.04", "+30%", "+25%", "REGRESSION"]
    assert time[-1] == ""
    page = baseline.page(found, KNOWN, {"python": "3.12"})
    assert "REGRESSION" in page
    assert "3.11" in page
    assert "3.12" in page


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    """Nothing is lost."""
    assert baseline.read(baseline.write(KNOWN, tmp_path / "new" / "baseline.json")) == KNOWN


@pytest.mark.parametrize("content", [None, b"{", b'{"costs": {"service": {"cpu": "much"}}}', b"\xff"])
def test_what_is_no_baseline_is_told(tmp_path: Path, content: bytes | None) -> None:
    """With the file's name, and how to make one."""
    path = tmp_path / "baseline.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BaselineError, match=r"baseline\.json.*check --update"):
        baseline.read(path)


def test_a_path_that_the_baseline_does_not_have_is_told() -> None:
    """Rather than passed over: it would never be compared."""
    with pytest.raises(BaselineError, match="no gateway"):
        baseline.changes(KNOWN, _spreads(1, 1) | {"gateway": {}}, 0.25)


def test_the_committed_baseline_has_every_path() -> None:
    """So that the command works as it stands."""
    assert set(baseline.read(BASELINE).costs) == set(PATHS)
