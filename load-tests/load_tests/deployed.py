"""The same comparison between two deployed addresses: nothing is started, and callers verify whom they talk to.

Meant for Cloud Run direct, with an identity token, against API Gateway in front of it, with a key. Keys and tokens are
read from files and sent over verified connections of this process: on a command line, as wrk takes them, others could
read them.
"""

import http.client
import ssl
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from gateway_config.trials.outputs import OutputsError, read_output
from load_tests import servers
from load_tests.comparison import ALONE, PERCENTILES, Comparison, GatewayError, Sight, progress
from load_tests.gateways.way import Way
from load_tests.gateways.ways import DIRECT
from load_tests.histogram import exact_ms
from load_tests.paths import WRK_BODIES

GATEWAY = "gateway"
WAYS = (Way(DIRECT, "direct", ""), Way(GATEWAY, "the gateway", "", layer="the gateway", under=DIRECT))
OUTPUTS = {DIRECT: "service_url", GATEWAY: "gateway_url"}  # the names among Terraform's outputs

_TIMEOUT = 30.0  # seconds; the gateway's own deadline is 15
_WARM = 5  # requests before the first that counts, so that an instance is there
_PAUSE = 0.1  # seconds after a connection that broke
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_JSON = {"content-type": "application/json"}


class DeployedError(ValueError):
    """An address, a file or an answer that a comparison can't begin with."""


@dataclass(frozen=True)
class Door:
    """A deployed address and the header that opens it, which is shown nowhere."""

    url: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Options:
    """What to compare, and how long: each way for ``seconds`` in each round."""

    doors: dict[str, Door]
    rounds: int = 9
    seconds: int = 10


def read_outputs(path: Path) -> dict[str, str]:
    """The addresses by way, from ``terraform output -json``, or from the same names with plain texts.

    Raises:
        DeployedError: if the file can't be read, or one of them is missing or no text.
    """
    try:
        return {way: read_output(path, name) for way, name in OUTPUTS.items()}
    except OutputsError as error:
        raise DeployedError(str(error)) from error


def read_secret(path: Path) -> str:
    """A key or a token from its file.

    Raises:
        DeployedError: if it can't be read, or holds anything but one line.
    """
    try:
        lines = path.read_text(encoding="ascii").split()
    except (OSError, ValueError) as error:
        raise DeployedError(f"{path}: it can't be read as plain text: {error}") from error
    if len(lines) != 1:
        raise DeployedError(f"{path}: {len(lines)} words are in it, expected one key or token")
    return lines[0]


def compare(options: Options, say: Callable[[str], None]) -> Comparison:
    """Ask both addresses in turn, round after round, one request at a time over a connection that stays open.

    Raises:
        DeployedError: if an address does not answer with 200 before the first round.
        GatewayError: if the gateway answers without its key.
    """
    bodies = WRK_BODIES.read_bytes().splitlines()
    for way in WAYS:
        _require(way, options.doors[way.key], bodies[0])
    sights = []
    for number in range(1, options.rounds + 1):
        sights += [_look(way, number, options.doors[way.key], bodies, options.seconds) for way in WAYS]
        say(f"round {number}/{options.rounds}  " + progress(sights[-len(WAYS) :]))
    return Comparison("nothing was started, nothing is pinned", WAYS, sights)


def _require(way: Way, door: Door, body: bytes) -> None:
    try:
        with closing(_connect(door)) as connection:
            for _ in range(_WARM):
                status, answer = _ask(connection, door.headers, body)
            if status != 200:  # noqa: PLR2004 - HTTP's own OK
                raise DeployedError(f"{way.title}: {door.url}: {status} came, expected 200: {answer[:200]!r}")
            if way.key == GATEWAY and door.headers:
                without, _ = _ask(connection, {}, body)
                if without != 401:  # noqa: PLR2004 - what both gateways answer who brings no key
                    raise GatewayError(f"{door.url}: {without} came without a key, expected 401")
    except (OSError, http.client.HTTPException) as error:
        raise DeployedError(f"{way.title}: {door.url}: no answer: {type(error).__name__}: {error}") from error


def _look(way: Way, number: int, door: Door, bodies: list[bytes], seconds: float) -> Sight:
    taken: list[float] = []  # microseconds
    problems: dict[str, int] = {}
    try:
        connection = _connect(door)
    except OSError as error:
        raise DeployedError(f"{way.title}: {door.url}: no answer: {type(error).__name__}: {error}") from error
    with closing(connection):
        until = time.perf_counter() + seconds
        while (started := time.perf_counter()) < until:
            try:
                status, _ = _ask(connection, door.headers, bodies[len(taken) % len(bodies)])
            except (OSError, http.client.HTTPException) as error:
                connection.close()  # http.client connects anew with the next request
                time.sleep(_PAUSE)
                said = f"no answer: {type(error).__name__}"
            else:
                said = "" if status == 200 else f"an answer {status}"  # noqa: PLR2004 - HTTP's own OK
            if said:
                problems[said] = problems.get(said, 0) + 1
            else:
                taken.append((time.perf_counter() - started) * 1e6)
    if not taken:
        raise DeployedError(f"{way.title}: {door.url}: no good answer in round {number}: {problems}")
    latency = exact_ms(np.array(taken))
    return Sight(
        way=way.key,
        number=number,
        latency_ms={ALONE: {name: latency[name] for name in PERCENTILES}},
        problems=[f"{count} times: {said}" for said, count in problems.items()],
    )


def _connect(door: Door) -> http.client.HTTPConnection:
    parts = urlsplit(door.url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise DeployedError(f"{door.url!r} came, expected a URL such as https://service.example")
    if door.headers and parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise DeployedError(f"{door.url}: a key or token would be sent in the open, expected https://")
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=_TIMEOUT, context=context
        )
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=_TIMEOUT)
    connection.connect()
    return connection


def _ask(connection: http.client.HTTPConnection, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    connection.request("POST", servers.PREDICT, body, _JSON | headers)
    answer = connection.getresponse()
    return answer.status, answer.read()
