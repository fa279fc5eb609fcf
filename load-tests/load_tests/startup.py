"""From exec to the first answered prediction, and what has been loaded by then."""

import re
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from load_tests import servers
from load_tests.processes import Cores, ProcessError, Server
from load_tests.servers import Setup

ANSWER_SECONDS = 60.0
_PAUSE_SECONDS = 0.002


def first_answer(setup: Setup, body: bytes, cores: Cores) -> float:
    """Seconds from exec to the first answered prediction.

    Raises:
        ProcessError: if there is none.
    """
    server = Server(servers.service(setup), setup.folder, cores)
    server.start()
    try:
        return await_answer(server, servers.PREDICT, body)
    finally:
        server.kill()


def imported(setup: Setup, body: bytes, cores: Cores) -> set[str]:
    """The top-level modules that a service has imported once it has answered, as ``python -X importtime`` tells.

    Raises:
        ProcessError: if it does not answer, or tells of no import.
    """
    with Server(servers.service(setup, ("-X", "importtime")), setup.folder, cores) as server:
        await_answer(server, servers.PREDICT, body)
        server.stop()
    names = modules_in(server.log.read_text(errors="replace"))
    if "encodings" not in names:  # the first that any interpreter imports
        raise ProcessError(f"{server.launch.name} printed no import times, expected those of python -X importtime")
    return names


def modules_in(log: str) -> set[str]:
    """The top-level names in the lines that ``python -X importtime`` prints."""
    names = re.findall(r"^import time:[\s\d]+\|[\s\d]+\|\s+(\S+)$", log, re.MULTILINE)
    return {name.partition(".")[0] for name in names}


def mapped_libraries(pid: int) -> set[str]:
    """The packages in ``site-packages`` whose compiled libraries are mapped into a process, where Linux tells."""
    maps = Path(f"/proc/{pid}/maps")
    return set(re.findall(r"/site-packages/([^/\s]+)/", maps.read_text())) if maps.exists() else set()


def await_answer(server: Server, path: str, body: bytes) -> float:
    """Ask until the server answers 200, and give the seconds from its exec until then.

    Raises:
        ProcessError: if it ends, or does not answer in time.
    """
    limit = time.monotonic() + ANSWER_SECONDS
    while not _answers(server.launch.port, path, body):
        if server.process.poll() is not None or time.monotonic() > limit:
            raise ProcessError(f"{server.launch.name} answered no prediction{server.tail()}")
        time.sleep(_PAUSE_SECONDS)
    return time.perf_counter() - server.started


def _answers(port: int, path: str, body: bytes) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("POST", path, body, {"content-type": "application/json"})
        response = connection.getresponse()
        return response.status == 200 and bool(response.read())  # noqa: PLR2004 - HTTP's own OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
