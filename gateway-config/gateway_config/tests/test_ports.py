"""Free ports, for what is started for a moment."""

import socket

import pytest

from gateway_config.ports import free_port


def test_a_port_can_be_listened_on() -> None:
    """And is none that a caller's connection could be given meanwhile."""
    port = free_port()
    assert port < 32_768
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))
        server.listen()


def test_a_taken_port_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one is drawn."""
    taken = free_port()
    other = free_port()
    drawn = iter([taken, other])
    monkeypatch.setattr("gateway_config.ports.random.randrange", lambda *_: next(drawn))
    with socket.socket() as server:
        server.bind(("127.0.0.1", taken))
        server.listen()
        assert free_port() == other
