"""Requests that each open a connection of their own."""

from pathlib import Path

import pytest

from load_tests import new_connections, servers
from load_tests.gateways.way import Opened
from load_tests.processes import Server
from load_tests.servers import Setup
from load_tests.tests import stand_in
from load_tests.tests.conftest import STAND_IN


@pytest.mark.platform
@pytest.mark.parametrize(("fault", "problems"), [("", []), ("refuses all", ["100 times: an answer 400"])])
def test_every_request_is_timed_and_its_status_told(
    fault: str, problems: list[str], tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In ms; what is not 200 is a problem."""
    monkeypatch.setenv(stand_in.FAULT, fault)
    with Server(servers.service(Setup(tmp_path, models, STAND_IN)), tmp_path) as server:
        latency, found = new_connections.measure(Opened(server.launch, server.launch.port))
    assert 0 < latency["p50"] <= latency["p99"] < 1e4
    assert found == problems


@pytest.mark.platform
def test_nobody_there_is_told(tmp_path: Path) -> None:
    """With the count; there are no percentiles then."""
    launch = servers.service(Setup(tmp_path))
    latency, found = new_connections.measure(Opened(launch, launch.port))
    assert latency == {}
    assert found == ["100 times: no answer: ConnectionRefusedError"]
