"""Whether the ports that the platform needs are to be had."""

import errno
import socket
from collections.abc import Iterable

from puerta.part import Port


class PortError(OSError):
    """A port that can't be had; the message names it and its setting."""


def check_ports(ports: Iterable[Port]) -> None:
    """See that nothing else listens on any of the ports, and that no two settings want the same one.

    Raises:
        PortError: naming every port that can't be had.
    """
    problems = []
    wanted: dict[int, Port] = {}
    for port in ports:
        other = wanted.setdefault(port.number, port)
        if other is not port:
            problems.append(f"port {port.number} is wanted twice, by {other.variable} and by {port.variable}")
        elif reason := _trouble(port):
            problems.append(f"port {port.number} on {port.host} {reason}; {port.variable} chooses another one")
    if problems:
        raise PortError("\n".join(problems))


def _trouble(port: Port) -> str:
    family = socket.AF_INET6 if ":" in port.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # Connections of an earlier run that the kernel still remembers are no obstacle; a listener is.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((port.host, port.number))
        except OverflowError:
            return "does not exist"
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            return "is taken" if taken else f"can't be listened on: {(error.strerror or str(error)).lower()}"
    return ""
