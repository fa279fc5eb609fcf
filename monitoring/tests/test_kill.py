"""Runs that are killed, schedulers that meet, and disks that are full: real processes, and what is left of them."""

import os
import random
import re
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitoring.counting.snapshot import archives
from monitoring.report import LATEST, read, read_latest
from monitoring.tests.conftest import ROOT
from monitoring.tests.logs import event, label, write
from monitoring.tests.test_platform import Schedule, eventually
from tests.parts import require

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("monitoring")]

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FLIGHT = {"OPERA": "Sky Airline", "TIPOVUELO": "N", "MES": 7}
AIRLINES = ("Sky Airline", "Grupo LATAM", "JetSmart SPA")
KILLS = 6
RUN = (sys.executable, "-m", "monitoring", "drift", "run", "--quiet", "--window", "1d")
DIRS = ("events_dir", "labels_dir", "reports_dir", "archive_dir")
_PATIENCE = 90


def log(folder: Path, part: int, rows: int = 400) -> None:
    """One more segment of events of the last three days, and one of labels of a part of them."""
    moments = [NOW - 3 * DAY + 3 * DAY * row / rows for row in range(rows)]
    events = [
        event(at, FLIGHT | {"OPERA": AIRLINES[row % 3]}, row % 2, 0.3, id_=f"{part}-{row}")
        for row, at in enumerate(moments)
    ]
    labels = [label(at + HOUR, f"{part}-{row}", row % 2) for row, at in enumerate(moments) if row % 4 == 0]
    write(folder / "events", events, f"s-{part}.jsonl" + ".open" * (part == KILLS))
    write(folder / "labels", labels, f"s-{part}.jsonl")


def environment(folder: Path, models: Path) -> dict[str, str]:
    """Of a run in a folder of its own."""
    usual = {name: value for name, value in os.environ.items() if not name.startswith("PUERTA_")}
    own = {
        "STATE_DIR": folder,
        "MODELS_DIR": models,
        "EVIDENTLY": "false",
        "DRIFT_MIN_ROWS": 100,
        "LABEL_MIN_COUNT": 50,
    }
    return usual | {f"PUERTA_{name}": str(value) for name, value in own.items()}


def start(folder: Path, models: Path) -> "subprocess.Popen[bytes]":
    """A run of all there is to do, as of a moment that is over."""
    command = [*RUN, "--catch-up", "--at", NOW.isoformat()]
    return subprocess.Popen(command, env=environment(folder, models), cwd=ROOT, stdout=subprocess.DEVNULL)


def contents(folder: Path) -> dict[str, bytes]:
    """Every report that is there, but for when and how often it was made again."""
    found = {}
    for path in (folder / "reports").rglob("*Z.json"):
        report = read(folder / "reports", str(path.relative_to(folder / "reports")))
        found[report.place] = repr(report.views).encode() + repr((report.rows, report.quality, report.inputs)).encode()
    return found


def leftovers(folder: Path) -> list[Path]:
    """Files that nobody would ever read."""
    events, labels = archives(folder / "archive")
    named = {
        segment.path
        for archive, log in ((events, "events"), (labels, "labels"))
        for segment in archive.list_segments(folder / log)
    }
    return [
        *(path for path in folder.rglob("*") if path.name.endswith(".partial")),
        *(folder / "work").glob("*"),
        *(path for path in (folder / "archive").rglob("hour=*/*.parquet") if path not in named),
    ]


def test_a_run_that_is_killed_costs_nothing(tmp_path: Path, flight_models: Path) -> None:
    """At any moment: all that is named is there, the next run ends well, and says what an undisturbed one would."""
    chance = random.Random(7)  # noqa: S311 - nothing depends on its being hard to guess
    folder, calm = tmp_path / "killed", tmp_path / "calm"
    log(calm, 0)
    begun = time.monotonic()
    assert start(calm, flight_models).wait(_PATIENCE) in {0, 1}
    usual = time.monotonic() - begun
    killed = 0
    for part in range(KILLS + 1):
        log(folder, part)
        process = start(folder, flight_models)
        try:
            process.wait(usual * chance.uniform(0.25, 1.1))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed += 1
        latest = read_latest(folder / "reports")
        for place in latest.reports if latest else ():
            read(folder / "reports", place)
    assert killed >= KILLS // 2
    assert start(folder, flight_models).wait(_PATIENCE) in {0, 1}
    assert leftovers(folder) == []
    for part in range(1, KILLS + 1):
        log(calm, part)
    assert start(calm, flight_models).wait(_PATIENCE) in {0, 1}
    assert contents(folder) == contents(calm)
    latest = read_latest(folder / "reports")
    assert latest is not None
    assert latest.log.events == 400 * (KILLS + 1)
    pages = {path.stem for path in (folder / "reports").rglob("*Z.html")}
    assert pages == {path.stem for path in (folder / "reports").rglob("*Z.json")}


def ran(schedule: Schedule, times: int) -> bool:
    """Whether it did so many runs, or more."""
    found = re.search(r'^drift_runs_total{result="success"} (\S+)$', schedule.get("/metrics"), re.MULTILINE)
    return found is not None and float(found[1]) >= times


def test_of_two_schedulers_one_runs(tmp_path: Path, flight_models: Path) -> None:
    """The other one serves what there is, says that it stands by, counts no failure, and takes over when the first is killed."""
    log(tmp_path, 0)
    seconds = {"models_dir": flight_models, "evidently": "false", "drift_schedule": "*/2 * * * * *"}
    first = Schedule(tmp_path, **seconds)
    second = None
    try:
        eventually(lambda: ran(first, 1), "the first never ran")
        (tmp_path / "second").mkdir()
        second = Schedule(tmp_path / "second", **seconds | {name: tmp_path / name[:-4] for name in DIRS})
        other = second
        eventually(lambda: "standing by" in other.log.read_text(), "the second never said so")
        eventually(lambda: ran(first, 4), "the first ran no more")
        assert second.has('drift_runs_total{result="success"}', 0.0)
        assert second.has('drift_runs_total{result="failure"}', 0.0)
        assert second.get("/metrics").count('drift_window_rows{model="flight-delay",version="1",window="1d"}') == 1
        first.process.kill()
        first.process.wait()
        eventually(lambda: ran(other, 1), "the second never took over")
        assert second.has('drift_runs_total{result="failure"}', 0.0)
        assert second.stop() == 0
        assert second.log.read_text().count("standing by") == 1
    finally:
        for schedule in (first, second):
            if schedule is not None:
                schedule.process.kill()
                schedule.process.wait()


@pytest.mark.parametrize("full", ["reports", "archive", "work"])
def test_a_disk_that_is_full(tmp_path: Path, flight_models: Path, full: str) -> None:
    """What was there is there still, whole. Without an archive the run counts the lines, and reports."""
    require("unshare", "apt install util-linux")
    log(tmp_path, 0)
    assert start(tmp_path, flight_models).wait(_PATIENCE) in {0, 1}
    before = (tmp_path / "reports" / LATEST).read_bytes()
    log(tmp_path, KILLS)  # one more, which is open: a run copies it
    log(tmp_path, 1)
    disk = tmp_path / full
    disk.mkdir(exist_ok=True)
    script = f"""
        cp -a {disk} {tmp_path}/saved && mount -t tmpfs -o size=4m tmpfs {disk} && cp -a {tmp_path}/saved/. {disk}
        head -c 8m /dev/zero > {disk}/.filler 2> /dev/null
        {" ".join(RUN)} --at {NOW.isoformat()}; code=$?
        rm {disk}/.filler; cp -a {disk} {tmp_path}/after; exit $code
    """
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c", script]
    done = subprocess.run(
        command, env=environment(tmp_path, flight_models), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (tmp_path / "after").exists(), done.stderr
    shutil.rmtree(disk)
    (tmp_path / "after").rename(disk)
    latest = read_latest(tmp_path / "reports")
    assert latest is not None
    for place in latest.reports:
        read(tmp_path / "reports", place)
    if full == "archive":
        assert done.returncode in {0, 1}, done.stderr
        assert "No space left on device" in done.stderr
        assert latest.log.events == 1200
    else:
        assert done.returncode == 2
        assert "could not be made" in done.stderr
        assert (tmp_path / "reports" / LATEST).read_bytes() == before
    assert start(tmp_path, flight_models).wait(_PATIENCE) in {0, 1}
    latest = read_latest(tmp_path / "reports")
    assert latest is not None
    assert latest.log.events == 1200
    assert leftovers(tmp_path) == []
