"""A port that is not to be had is found before anything is started."""

import socket
from collections.abc import Iterator

import pytest

from puerta.part import Port
from puerta.ports import PortError, check_ports

pytestmark = pytest.mark.platform

LOOPBACK = "127.0.0.1"


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that something listens on."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        yield listener.getsockname()[1]


def free() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def test_free() -> None:
    """Ports that nobody has are no problem, and stay free."""
    port = Port(LOOPBACK, free(), "PUERTA_A")
    check_ports([port])
    check_ports([port])


def test_taken(taken: int) -> None:
    """Every port that is taken is named with its setting."""
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        second = other.getsockname()[1]
        with pytest.raises(PortError) as caught:
            check_ports([Port(LOOPBACK, taken, "PUERTA_A"), Port(LOOPBACK, second, "PUERTA_B")])
    assert str(caught.value).splitlines() == [
        f"port {taken} on 127.0.0.1 is taken; PUERTA_A chooses another one",
        f"port {second} on 127.0.0.1 is taken; PUERTA_B chooses another one",
    ]


def test_shared_listener() -> None:
    """A listener that would share its port, as Envoy's do, counts as taken all the same."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((LOOPBACK, 0))
        listener.listen()
        with pytest.raises(PortError, match="is taken"):
            check_ports([Port(LOOPBACK, listener.getsockname()[1], "PUERTA_A")])


def test_wanted_twice() -> None:
    """Two settings that want the same port are both named."""
    port = free()
    with pytest.raises(PortError, match=f"^port {port} is wanted twice, by PUERTA_A and by PUERTA_B$"):
        check_ports([Port(LOOPBACK, port, "PUERTA_A"), Port(LOOPBACK, port, "PUERTA_B")])


def test_no_such_port() -> None:
    """Counting instances up can end beyond the last port."""
    with pytest.raises(PortError, match=r"^port 65536 on 127\.0\.0\.1 does not exist; PUERTA_A chooses another one$"):
        check_ports([Port(LOOPBACK, 65536, "PUERTA_A")])


def test_no_such_address() -> None:
    """An address that is not this machine's is told apart from a port that is taken."""
    with pytest.raises(PortError, match=r"on 203\.0\.113\.1 can't be listened on: "):
        check_ports([Port("203.0.113.1", free(), "PUERTA_A")])
