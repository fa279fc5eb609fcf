"""Reading what wrk measured, and the Lua script itself."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from load_tests import servers, wrk
from load_tests.paths import WRK_SCRIPT
from load_tests.processes import Server
from load_tests.servers import Setup
from load_tests.tests import stand_in
from load_tests.tests.conftest import STAND_IN
from load_tests.tests.slow_server import SlowServer
from load_tests.wrk import WrkError

SAID = {
    "requests": 5000,
    "duration_us": 2_000_000,
    "bytes": 123,
    "errors": {"connect": 0, "read": 0, "write": 0, "timeout": 0},
    "statuses": {"200": 5000},
    "latency_us": {"mean": 900.5, "p50": 800, "p75": 900, "p90": 1000, "p99": 2500, "p99_9": 4000, "max": 9000},
    "started": 1_700_000_000.5,
    "by_second": [{"200": 2400}, {"200": 2500}, {"200": 100}],
    "latency": [[300, 4000], [500, 999], [600, 1]],
}


def _written(**changed: object) -> str:
    return json.dumps({**SAID, **changed})


def test_the_file_is_read() -> None:
    """Requests, rate and latency in milliseconds are those of the script's JSON."""
    measured = wrk.parse(_written(), client_cpu_seconds=1.5)
    assert measured.requests_per_second == 2500
    assert (measured.latency_ms["p50"], measured.latency_ms["p90"], measured.latency_ms["max"]) == (0.3, 0.5, 0.6)
    assert measured.corrected_ms["p99"] == 2.5
    assert measured.histogram.count == 5000
    assert measured.client_cpu_seconds == 1.5
    assert measured.problems() == []


def test_seconds_are_told_with_their_width() -> None:
    """The last second is cut off by the end, and its rate is not taken for a fall."""
    seconds = wrk.parse(_written(duration_us=2_040_000)).by_second
    assert [second.at for second in seconds] == [1_700_000_000.5, 1_700_000_001.5, 1_700_000_002.5]
    assert [second.requests_per_second for second in seconds] == pytest.approx([2400, 2500, 2500])


def test_everything_but_2xx_is_a_problem() -> None:
    """Errors of the socket and other statuses are each told with their count."""
    errors = {"connect": 1, "read": 2, "write": 3, "timeout": 4}
    measured = wrk.parse(_written(errors=errors, statuses={"200": 10, "204": 1, "302": 5, "503": 6}))
    assert measured.problems() == [
        "1 connections refused",
        "2 connections broken while reading",
        "3 connections broken while writing",
        "4 timeouts",
        "5 answers 302",
        "6 answers 503",
    ]


def test_no_answer_is_a_problem() -> None:
    """A run in which nothing was answered is not a good one."""
    assert wrk.parse(_written(requests=0, statuses={}, latency=[])).problems() == ["no answer at all"]


@pytest.mark.parametrize("text", ["", "Running 2s test\n", '{"requests": 1}\n', "{oops\n", "[]"])
def test_another_file_is_refused(text: str) -> None:
    """A file without the script's fields says that something else wrote it."""
    with pytest.raises(WrkError, match=r"predict\.lua"):
        wrk.parse(text)


def _stats_correct(counts: dict[int, int], interval: int) -> dict[int, int]:
    """What wrk 4.1 does at its end, as its stats.c does it: upwards, each slow one adding those it kept away."""
    data = dict(counts)
    for value in range(2 * interval, max(counts) + 1):
        missing = value - interval
        while data.get(value, 0) and missing > interval:
            data[missing] = data.get(missing, 0) + data[value]
            missing -= interval
    return data


@given(
    counts=st.dictionaries(st.integers(1, 2000), st.integers(1, 50), min_size=1, max_size=30),
    interval=st.integers(1, 400),
)
def test_what_wrk_adds_is_taken_back(counts: dict[int, int], interval: int) -> None:
    """Whatever the latencies were, they come back exactly."""
    written = np.array(sorted(_stats_correct(counts, interval).items()))
    values, each = wrk.uncorrected(written, interval * 7, 7 * 4, 4)
    assert dict(zip(values.astype(int).tolist(), each.tolist(), strict=True)) == counts


def test_a_correction_that_wrk_cannot_have_made_is_refused() -> None:
    """One request of 900 us where one is asked each 100 us has eight others with it, or wrk counts in another way."""
    with pytest.raises(WrkError, match="correction"):
        wrk.parse(_written(duration_us=100_000, requests=1000, latency=[[100, 999], [300, 1], [900, 1]]))


def test_a_missing_wrk_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without wrk on the PATH the error says how to get it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WrkError, match="apt install wrk"):
        wrk.run("http://127.0.0.1:9/", tmp_path / "x", connections=1, seconds=1)


@pytest.mark.platform
@pytest.mark.usefixtures("wrk_installed")
def test_the_script_counts_answers_by_status(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that refuses everything is seen as one; each line goes to its own path."""
    monkeypatch.setenv(stand_in.FAULT, "refuses all")
    file = tmp_path / "bodies.jsonl"
    file.write_bytes(b'{"instances":[]}\n\n/health/ready\t{}\n')
    with Server(servers.service(Setup(tmp_path, models, STAND_IN)), tmp_path) as server:
        measured = wrk.run(server.url + servers.PREDICT, file, connections=2, seconds=1, headers=("x-api-key: k",))
    assert set(measured.statuses) == {200, 400}
    assert abs(measured.statuses[200] - measured.statuses[400]) <= 2
    assert sum(measured.statuses.values()) == measured.requests
    assert measured.histogram.count == measured.requests
    assert sum(sum(second.statuses.values()) for second in measured.by_second) == measured.requests


@pytest.mark.platform
@pytest.mark.usefixtures("wrk_installed")
def test_a_stall_is_one_slow_request_of_each_connection(tmp_path: Path) -> None:
    """A closed loop does not see the requests that a stall kept away, and wrk's invention of them is taken back."""
    bodies = tmp_path / "bodies.jsonl"
    bodies.write_bytes(b"{}\n")
    with SlowServer(stalls_at=50, stall_seconds=0.5, each_seconds=0.002) as server:
        measured = wrk.run(server.url, bodies, connections=2, seconds=1)
    assert measured.histogram.count == measured.requests
    assert round(measured.histogram.share_slower(0.3) * measured.requests) == 2
    assert measured.latency_ms["max"] == pytest.approx(500, rel=0.2)
    assert measured.latency_ms["p90"] < 100
    assert measured.corrected_ms["p99"] > 300, "wrk prints what it has added"


@pytest.mark.platform
@pytest.mark.usefixtures("wrk_installed")
@pytest.mark.parametrize("way", ["out=", "WRK_OUT"])
def test_the_script_works_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """Plain wrk, two threads and the script's own flights: the last line sums up, the file holds every latency."""
    out = tmp_path / "run.json"
    arguments = ["--", f"out={out}"] if way == "out=" else []
    if not arguments:
        monkeypatch.setenv("WRK_OUT", str(out))
    with SlowServer(each_seconds=0.002) as server:
        done = subprocess.run(
            ["wrk", "-t2", "-c4", "-d1s", "-s", str(WRK_SCRIPT), server.url, *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
    told = json.loads(done.stdout.splitlines()[-1])
    measured = wrk.parse(out.read_text(), connections=4)
    assert told["requests"] == measured.requests == measured.histogram.count
    assert "latency" not in told


@pytest.mark.platform
@pytest.mark.usefixtures("wrk_installed")
@pytest.mark.parametrize(
    ("content", "headers", "said"),
    [(b"", (), "holds no body"), (b"{}\n", ("no header",), "is no header"), (None, (), "cannot read the bodies")],
)
def test_the_script_says_what_is_wrong(
    tmp_path: Path, content: bytes | None, headers: tuple[str, ...], said: str
) -> None:
    """A missing or empty file of bodies, or a header without a colon, ends the run with a reason."""
    file = tmp_path / "bodies.jsonl"
    if content is not None:
        file.write_bytes(content)
    with SlowServer() as server, pytest.raises(WrkError, match=said):
        wrk.run(server.url, file, connections=1, seconds=1, headers=headers)


def test_the_script_is_where_it_is_said_to_be() -> None:
    """By hand it is used as ``-s load-tests/wrk/predict.lua``."""
    assert WRK_SCRIPT.read_text().startswith("-- Predictions for wrk")
