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
    monkeypatch.setattr("gateway_config.ports._ports", lambda _: drawn)
    with socket.socket() as server:
        server.bind(("127.0.0.1", taken))
        server.listen()
        assert free_port() == other


def test_no_port_is_given_twice_in_a_row() -> None:
    """A gateway takes several before it binds any."""
    ports = [free_port() for _ in range(500)]
    assert len(set(ports)) == len(ports)
