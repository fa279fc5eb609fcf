"""Reading what wrk measured, and the Lua script itself."""

import json
from pathlib import Path

import pytest

from load_tests import servers, wrk
from load_tests.paths import WRK_SCRIPT
from load_tests.processes import Server
from load_tests.servers import Setup
from load_tests.tests import stand_in
from load_tests.tests.conftest import STAND_IN
from load_tests.wrk import WrkError

SAID = {
    "requests": 5000,
    "duration_us": 2_000_000,
    "bytes": 123,
    "errors": {"connect": 0, "read": 0, "write": 0, "timeout": 0},
    "statuses": {"200": 5000},
    "latency_us": {"mean": 900.5, "p50": 800, "p75": 900, "p90": 1000, "p99": 2500, "p99_9": 4000, "max": 9000},
}


def _output(**changed: object) -> str:
    return "Running 2s test\n  {not json, wrk's own\nRequests/sec: 2500\n" + json.dumps({**SAID, **changed}) + "\n"


def test_the_last_line_is_read() -> None:
    """Requests, rate and latency in milliseconds come from the script's JSON, not from wrk's rounded text."""
    measured = wrk.parse(_output(), client_cpu_seconds=1.5)
    assert measured.requests_per_second == 2500
    assert measured.latency_ms["p99"] == 2.5
    assert measured.client_cpu_seconds == 1.5
    assert measured.problems() == []


def test_everything_but_2xx_is_a_problem() -> None:
    """Errors of the socket and other statuses are each told with their count."""
    errors = {"connect": 1, "read": 2, "write": 3, "timeout": 4}
    measured = wrk.parse(_output(errors=errors, statuses={"200": 10, "204": 1, "302": 5, "503": 6}))
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
    assert wrk.parse(_output(requests=0, statuses={})).problems() == ["no answer at all"]


@pytest.mark.parametrize("output", ["", "Running 2s test\n", '{"requests": 1}\n', "{oops\n"])
def test_other_output_is_refused(output: str) -> None:
    """An output without the script's line says that something else ran."""
    with pytest.raises(WrkError, match="JSON line"):
        wrk.parse(output)


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


@pytest.mark.platform
@pytest.mark.usefixtures("wrk_installed")
@pytest.mark.parametrize(
    ("content", "headers", "said"),
    [(b"", (), "holds no body"), (b"{}\n", ("no header",), "is no header"), (None, (), "cannot read the bodies")],
)
def test_the_script_says_what_is_wrong(
    tmp_path: Path, models: Path, content: bytes | None, headers: tuple[str, ...], said: str
) -> None:
    """A missing or empty file of bodies, or a header without a colon, ends the run with a reason."""
    file = tmp_path / "bodies.jsonl"
    if content is not None:
        file.write_bytes(content)
    with (
        Server(servers.service(Setup(tmp_path, models, STAND_IN)), tmp_path) as server,
        pytest.raises(WrkError, match=said),
    ):
        wrk.run(server.url, file, connections=1, seconds=1, headers=headers)


def test_the_script_is_where_it_is_said_to_be() -> None:
    """By hand it is used as ``-s load-tests/wrk/predict.lua``."""
    assert WRK_SCRIPT.read_text().startswith("-- Predictions for wrk")
