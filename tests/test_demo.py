"""A demonstration: real flights replayed through the gateway, reported at the end of each short day."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from gateway_config.envoy import program
from tests.parts import missing
from tests.runner import ROOT, Runner, eventually

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.xdist_group("demo")]

FLIGHTS = {6: 4981, 7: 5992}  # of the shipped counts
BATCH = 64


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Runner]:
    """The real platform, with June and July to replay in two days of ten seconds."""
    try:
        program.binary()
    except program.EnvoyError as error:
        missing("Envoy", str(error))
    first, *lines = (ROOT / "model-files/flight-counts.csv").read_text().splitlines()
    counts = tmp_path / "counts.csv"
    counts.write_text("\n".join([first, *(line for line in lines if line.split(",")[2] in {"6", "7"})]))
    with Runner(tmp_path, MONITORING="true", DEMO="1", DEMO_DAY_SECONDS="10", DEMO_FLIGHTS=str(counts)) as runner:
        yield runner


def test_two_months(platform: Runner) -> None:
    """Every flight is logged though the service is killed on the way; July is drift as it is, and none when aligned.

    Labels follow, the model expects of itself what it then shows, no run fails, and Ctrl-C ends it all.
    """
    platform.wait_for("  June ")
    service(platform).kill()
    said = platform.wait_for("index.html")
    assert "service" in said
    assert "requests were sent again" in said
    assert "July was worst: 29.3% of its flights were late." in said
    # What was answered and never heard of was asked for again: at most one batch.
    assert sum(FLIGHTS.values()) <= len(lines(platform, "events")) <= sum(FLIGHTS.values()) + BATCH
    days, whole = reports(platform, "1d"), reports(platform, "28d")
    # A machine that is busy may report a day late; what is said of the year's parts together holds for each of them.
    assert {day["views"]["aligned"]["verdict"] for day in days} <= {"none", "insufficient_data"}
    assert max(day["rows"] for day in days) > 4000
    assert "alert" in {day["views"]["plain"]["verdict"] for day in days}
    assert max(day["quality"]["coverage"] or 0 for day in days) > 0.3
    last = whole[-1]
    assert (last["day_seconds"], last["rows"]) == (10, len(lines(platform, "events")))
    assert last["views"]["aligned"]["verdict"] == "none"
    assert last["quality"]["verdict"] == "good"
    assert last["quality"]["coverage"] > 0.9
    # Two months of late labels are no year: the year's 0.01 is held in monitoring/tests/test_pace.py.
    assert abs(last["quality"]["estimated"]["accuracy"] - last["quality"]["measures"]["accuracy"]) < 0.02
    runs = [json.loads(line) for line in (platform.state / "reports/runs.jsonl").read_text().splitlines()]
    assert len(runs) >= 3
    assert {run["result"] for run in runs} == {"success"}
    assert platform.stop() == 0


def service(platform: Runner) -> psutil.Process:
    """The process that predicts."""
    (found,) = [process for process in platform.family() if process.cmdline()[-2:] == ["-m", "service"]]
    return found


def lines(platform: Runner, log: str) -> list[str]:
    """A log's lines."""
    paths = (platform.state / log).iterdir()
    return [line for path in paths for line in path.read_text().splitlines()]


def reports(platform: Runner, window: str) -> list[dict[str, Any]]:
    """The reports of one window, oldest first."""
    folder = platform.state / "reports/drift/flight-delay/1" / window
    return [json.loads(path.read_bytes()) for path in sorted(folder.glob("*Z.json"))]


def test_it_ends_at_once(platform: Runner) -> None:
    """Ctrl-C in the middle of a day ends it: nothing waits for the year to be over."""
    eventually(lambda: (platform.state / "events").is_dir() and lines(platform, "events") != [], "no flight was seen")
    assert platform.stop() == 0
    assert "The year is over" not in platform.said()
    assert "did not end in time" not in platform.said()
