"""Sampling answers while something else loads the server."""

import time
from pathlib import Path

import pytest

from gateway_config.ports import free_port
from load_tests import bodies, flights, servers
from load_tests.oracle import Oracle
from load_tests.processes import Server
from load_tests.sampling import Sampler
from load_tests.servers import Setup
from load_tests.tests.conftest import STAND_IN


@pytest.mark.platform
def test_answers_are_kept_with_what_asked_for_them(tmp_path: Path, models: Path, flight_delay: Oracle) -> None:
    """Each sample can be compared with its own question."""
    drawn = bodies.batches(flights.read(), flight_delay.manifest, rows=2, count=8)
    with Server(servers.service(Setup(tmp_path, models, STAND_IN)), tmp_path) as server:
        with Sampler(server.launch.port, servers.PREDICT, [bodies.encode(rows) for rows in drawn]) as sampler:
            time.sleep(0.5)
        assert len(sampler.samples) > 2
        assert sampler.failures == []
    for sample in sampler.samples:
        assert sample.status == 200
        assert flight_delay.disagreement(drawn[sample.index], sample.answer) is None


@pytest.mark.platform
def test_an_answer_that_does_not_come_is_told() -> None:
    """Nobody listens: a failure, not an exception in a thread that nobody sees."""
    with Sampler(free_port(), "/", [b"{}"]) as sampler:
        time.sleep(0.1)
    assert "was not answered" in sampler.failures[0]
