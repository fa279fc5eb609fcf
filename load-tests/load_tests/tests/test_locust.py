"""Locust, with this room's locustfile."""

import json
from pathlib import Path

import pytest

from load_tests import locust, servers
from load_tests.commands.options import progress
from load_tests.locust import ENVIRONMENT, LocustError, Options, Outcome
from load_tests.oracle import Oracle
from load_tests.paths import WRK_BODIES
from load_tests.peers import environments
from load_tests.peers.environments import InstallError
from load_tests.processes import Server
from load_tests.servers import Setup
from load_tests.tests.conftest import STAND_IN
from load_tests.tests.slow_server import SlowServer
from tests.parts import missing

pytestmark = pytest.mark.xdist_group("locust")


@pytest.fixture(scope="module")
def _installed() -> None:
    """Makes Locust's environment, which is kept."""
    try:
        environments.make(locust.REQUIREMENTS, ENVIRONMENT, progress)
    except InstallError as error:
        missing(f"Locust ({error})", "a package index that has load-tests/locust/requirements.txt")


def _options(url: str, folder: Path, key_file: Path | None = None, seconds: int = 2) -> Options:
    return Options(url, key_file, users=4, seconds=seconds, report=folder / "report" / "locust.html")


def test_each_flight_has_the_label_that_the_model_gives(flight_delay: Oracle) -> None:
    """The bodies stay as they are, with the oracle's label behind each; both labels are among them."""
    bodies = WRK_BODIES.read_bytes()
    parts = [line.split(b"\t") for line in locust.labelled(bodies, flight_delay).splitlines()]
    assert b"".join(body + b"\n" for body, _ in parts) == bodies
    expected = [flight_delay.predict(json.loads(body)["instances"])[0].label for body, _ in parts]
    assert [int(label) for _, label in parts] == expected
    assert set(expected) == {0, 1}


@pytest.mark.platform
@pytest.mark.slow
@pytest.mark.usefixtures("_installed")
def test_right_answers_are_no_failures_and_the_report_is_written(
    tmp_path: Path, models: Path, flight_delay: Oracle
) -> None:
    """Real flights over real HTTP; Locust's report can be opened."""
    with Server(servers.service(Setup(tmp_path, models, STAND_IN)), tmp_path) as server:
        options = _options(server.url, tmp_path, seconds=5)
        outcome = locust.run(options, flight_delay, progress)
    assert outcome.requests > 20
    assert outcome.failures == {}
    assert "<html" in options.report.read_text()


def _asked(answer: bytes, folder: Path, oracle: Oracle) -> tuple[Outcome, list[bytes]]:
    head = b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    status, _, body = answer.partition(b"|")
    key_file = folder / "key"
    key_file.write_text("pk_secret\n")
    with SlowServer(each_seconds=0.01, answers=(head % (status, len(body)) + body,)) as server:
        url = server.url.removesuffix("/v1/predict")
        return locust.run(_options(url, folder, key_file), oracle, progress), server.requests


@pytest.mark.platform
@pytest.mark.slow
@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize(
    ("answer", "reasons"),
    [
        (b'200 OK|{"predictions":[{"label":1}]}', {"label 1, expected 0"}),
        (b'503 Busy|{"predictions":[{"label":0}]}', {"status 503, expected 200"}),
        (b'200 OK|{"predictions":[]}', {"no label in the answer"}),
    ],
)
def test_a_wrong_answer_is_a_failure(tmp_path: Path, flight_delay: Oracle, answer: bytes, reasons: set[str]) -> None:
    """A label that is not the model's, another status, and an answer without a label are each told; the key is sent."""
    outcome, requests = _asked(answer, tmp_path, flight_delay)
    assert set(outcome.failures) == reasons
    assert sum(outcome.failures.values()) > 10
    assert all(b"\r\nx-api-key: pk_secret\r\n" in request.lower() for request in requests)


@pytest.mark.platform
@pytest.mark.slow
@pytest.mark.usefixtures("_installed")
def test_a_locust_that_cannot_run_says_why(tmp_path: Path, flight_delay: Oracle) -> None:
    """A key that is not there ends the run with a reason, not with a report of refused requests."""
    with pytest.raises(LocustError, match="no-key"):
        locust.run(_options("http://127.0.0.1:9", tmp_path, tmp_path / "no-key"), flight_delay, progress)
