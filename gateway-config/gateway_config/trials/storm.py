"""Nobody gets in: many requests that try to, and a backend that says who did.

Shots of all kinds go out from several addresses, over HTTP/1.1 and HTTP/2. A judge beside the backend looks at every
request that arrives: which shot it was, whose key that carried, and by its own reading of the policy whether this may be
asked from there. What was entitled to arrive has to, or a gateway that refuses everybody would pass.
"""

import asyncio
import contextlib
import datetime as dt
import ipaddress
import socket
import struct
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib.resources import files
from random import Random
from typing import Final, Self
from urllib.parse import unquote

from gateway_config.envoy import headers
from gateway_config.envoy.bootstrap import Address
from gateway_config.policy.model import Policy
from gateway_config.trials import wire
from gateway_config.trials.scratch import Scratch
from gateway_config.trials.shots import CASE, SMUGGLED, SOURCES, Arms, Shot, make_shot
from gateway_config.trials.witness import Reply, Seen

_AT_ONCE: Final = 128  # connections
_ANSWER: Final = 10.0  # seconds for an answer
_ROUGH_ANSWER: Final = 0.3  # seconds for an answer to what may get none
_LINGER: Final = 0.02  # seconds in which a hidden request could still get through
_QUIET: Final = 1.0  # seconds at the end for what is on the way

_FORGED: Final = ("x-api-key", "x-apigateway-api-userinfo", "x-forwarded-authorization")
_OURS: Final = {headers.CLIENT, headers.TOKEN}


@dataclass(frozen=True)
class Volley:
    """What goes out over one connection, from one address."""

    number: int
    http2: bool
    source: str
    shots: tuple[Shot, ...]


def make_volley(number: int, random: Random, arms: Arms) -> Volley:
    """A volley; all of it follows from ``random``, but for the keys."""
    source = random.choice(SOURCES)
    shots = [make_shot(f"{number}.{place}", source, random, arms) for place in range(random.randint(1, 8))]
    return Volley(number, random.random() < 0.35, source, tuple(shots))  # noqa: PLR2004 - a third with HTTP/2


@dataclass(frozen=True)
class Truth:
    """What the judge knows of a shot that is on the way."""

    holder: str | None
    source: str
    good: bool
    body: bytes


@dataclass
class Report:
    """What happened."""

    seed: str = ""
    shots: int = 0
    shots_http2: int = 0
    good: int = 0
    arrived: int = 0
    arrived_otherwise: int = 0
    unanswered: int = 0
    seconds: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    tricks: Counter[str] = field(default_factory=Counter)
    breaches: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def answers(self) -> Counter[str]:
        """The statuses, whether or not their connection was of use afterwards."""
        summed: Counter[str] = Counter()
        for status, count in self.statuses.items():
            summed[status.removesuffix("-")] += count
        return summed

    @property
    def passed(self) -> bool:
        """Nobody got in who may not, and everybody did who may."""
        return not self.breaches and not self.missing and self.good > 0


class Judge:
    """Says of every request that reached the backend whether it may have.

    The policy is read here on its own, not as the gateway does: a path is what a service would make of it, decoded.
    """

    def __init__(self, policy: Policy, token: str) -> None:
        self._policy, self._token = policy, token
        self._truths: dict[str, Truth] = {}
        self._arrived: Counter[str] = Counter()
        self.breaches: list[str] = []

    def expect(self, volley: Volley) -> None:
        """A volley is about to go out."""
        for shot in volley.shots:
            self._truths[shot.number] = Truth(shot.holder, volley.source, shot.good, shot.body)

    def look(self, seen: Seen) -> Reply:
        """A request has arrived."""
        number = ", ".join(seen.values(CASE.decode()))
        faults = list(self._faults(number, seen))
        self._arrived[number] += 1
        if faults:
            self.breaches.append(
                f"shot {number or 'unknown'}: {'; '.join(faults)}; {seen.method} {seen.path} {seen.headers}"
            )
        return Reply()

    def settle(self) -> tuple[int, int, list[str]]:
        """How many of the good ones arrived, how many others did, and which good ones did not."""
        good = [number for number, truth in self._truths.items() if truth.good]
        missing = [number for number in good if self._arrived[number] == 0]
        arrived = len(good) - len(missing)
        others = sum(not truth.good and self._arrived[number] > 0 for number, truth in self._truths.items())
        self._truths.clear()
        self._arrived.clear()
        return arrived, others, missing

    def _faults(self, number: str, seen: Seen) -> Iterator[str]:
        truth = self._truths.get(number)
        if truth is None:
            yield "hidden in another" if number.endswith(SMUGGLED) else "of no shot"
            return
        if self._arrived[number]:
            yield "arrived twice"
        if truth.good and seen.body != truth.body:
            yield f"its body has become {seen.body!r}"
        if seen.values(headers.TOKEN) != [self._token]:
            yield "without the gateway's token"
        if forged := [name for name, _ in seen.headers if self._is_forged(name)]:
            yield f"with {forged}"
        yield from self._trespass(truth, seen)

    @staticmethod
    def _is_forged(name: str) -> bool:
        return name in _FORGED or (name.startswith("x-gateway-") and name not in _OURS)

    def _trespass(self, truth: Truth, seen: Seen) -> Iterator[str]:
        """Whether this client may ask this from there."""
        found = self._operation(seen)
        told = seen.values(headers.CLIENT)
        if found is None:
            yield "no operation of the policy"
            return
        name, model = found
        if not self._policy.operations[name].keyed:
            if told:
                yield f"{told} was named on a public path"
            return
        if truth.holder is None or told != [truth.holder]:
            yield f"the backend was told {told}, and the key is {truth.holder or 'nobody'}'s"
            return
        client = self._policy.clients[truth.holder]
        if client.operations != "all" and name not in client.operations:
            yield f"{truth.holder} is not granted {name}"
        if client.models != "all" and model is not None and model not in client.models:
            yield f"{truth.holder} is not granted {model}"
        if not any(ipaddress.ip_address(truth.source) in network for network in client.networks):
            yield f"{truth.holder} does not call from {truth.source}"

    def _operation(self, seen: Seen) -> tuple[str, str | None] | None:
        """The operation's name, and the model that its path names."""
        path = unquote(seen.path.partition("?")[0]).removesuffix("/").split("/")[1:]
        for name, operation in sorted(self._policy.operations.items(), key=lambda item: "{" in item[1].path):
            wanted = operation.path.split("/")[1:]
            if operation.method == seen.method and len(path) == len(wanted):
                pairs = list(zip(path, wanted, strict=True))
                if all(want in (got, "{model}", "{version}") and got for got, want in pairs):
                    return name, {want: got for got, want in pairs}.get("{model}")
        return None


class Storm(AbstractContextManager["Storm"]):
    """A gateway of its own to storm, for the length of a ``with`` block."""

    def __init__(self) -> None:
        self._scratch = Scratch(
            files("gateway_config.trials").joinpath("storm.yaml").read_text(encoding="utf-8"), self._look
        )

    def __enter__(self) -> Self:
        scratch = self._scratch.__enter__()
        try:
            store = scratch.gateway.store
            keys = {name: store.add(name) for name in scratch.gateway.policy.clients}
            store.revoke("gone", "all")
            store.rotate("late", grace=dt.timedelta(0))
            scratch.start()
        except BaseException:
            scratch.__exit__(None, None, None)
            raise
        self.judge = Judge(scratch.gateway.policy, scratch.token)
        self.arms = Arms(scratch.gateway.policy, keys)
        return self

    def __exit__(self, *_: object) -> None:
        self._scratch.__exit__(None, None, None)

    def _look(self, seen: Seen) -> Reply:
        self._scratch.witness.seen.clear()  # the judge keeps what is worth keeping
        return self.judge.look(seen)

    def run(self, volleys: Iterable[Volley], seed: str = "", quiet: float = _QUIET) -> Report:
        """Send all of them, wait ``quiet`` seconds for what is on the way, and settle.

        Raises:
            OSError: if the gateway can't be reached.
        """
        report = Report(seed)
        began = time.monotonic()
        self.judge.breaches.clear()
        self._scratch.witness.garbage.clear()
        asyncio.run(_send_all(self._scratch.gateway.site.listen, volleys, self.judge, report))
        time.sleep(quiet)
        report.arrived, report.arrived_otherwise, report.missing = self.judge.settle()
        report.breaches = list(self.judge.breaches) + [f"not HTTP: {text!r}" for text in self._scratch.witness.garbage]
        report.seconds = time.monotonic() - began
        return report


def volleys_of(seed: str, requests: int, arms: Arms) -> Iterator[Volley]:
    """Volleys until there are so many requests; each follows from the seed and its own number alone."""
    number, count = 0, 0
    while count < requests:
        volley = volley_of(seed, number, arms)
        count += len(volley.shots)
        number += 1
        yield volley


def volley_of(seed: str, number: int, arms: Arms) -> Volley:
    """One volley again, by its number."""
    return make_volley(number, Random(f"{seed}/{number}"), arms)  # noqa: S311 - to be had again, not to be secret


async def _send_all(address: Address, volleys: Iterable[Volley], judge: Judge, report: Report) -> None:
    waiting = iter(volleys)

    async def worker() -> None:
        for volley in waiting:
            judge.expect(volley)
            for shot in volley.shots:
                report.shots += 1
                report.shots_http2 += volley.http2
                report.good += shot.good
                report.tricks.update(shot.tricks)
            await (_send_http2 if volley.http2 else _send_http1)(address, volley, report)

    await asyncio.gather(*(worker() for _ in range(_AT_ONCE)))


class _Connection:
    """A connection from one address, which leaves no trace in the kernel when it is closed."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, address: Address, source: str) -> "_Connection":
        plug = socket.socket()
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        plug.bind((source, 0))
        plug.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plug, (address.host, address.port))
        return cls(*await asyncio.open_connection(sock=plug))

    def close(self) -> None:
        self.writer.close()


async def _send_http1(address: Address, volley: Volley, report: Report) -> None:
    """One after the other; a new connection wherever the gateway has closed the last, and for every rough one."""
    connection: _Connection | None = None
    for shot in volley.shots:
        if shot.rough or connection is None:
            if connection is not None:
                connection.close()
            connection = await _Connection.open(address, volley.source)
        status = await _ask_http1(connection, shot)
        report.statuses[status] += 1
        report.unanswered += status == "none" and not shot.rough
        if shot.rough or connection.reader.at_eof() or status.endswith("-"):
            connection.close()
            connection = None
    if connection is not None:
        connection.close()


async def _ask_http1(connection: _Connection, shot: Shot) -> str:
    """The status; with a dash behind it where the connection is of no more use, ``none`` where there is no answer."""
    try:
        async with asyncio.timeout(_ROUGH_ANSWER if shot.rough else _ANSWER):
            connection.writer.write(wire.http1(shot))
            status, closes = await _answer(connection.reader, shot.method == b"HEAD")
    except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
        return "none"
    if shot.rough:
        await asyncio.sleep(_LINGER)
    return f"{status}-" if closes else str(status)


async def _answer(reader: asyncio.StreamReader, headless: bool) -> tuple[int, bool]:
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        if status >= 200:  # noqa: PLR2004 - the final one
            break
    lowered = head.lower()
    if not headless:
        _, _, after = lowered.partition(b"\r\ncontent-length: ")
        if after:
            await reader.readexactly(int(after.partition(b"\r\n")[0]))
        elif b"\r\ntransfer-encoding: chunked" in lowered:
            await reader.readuntil(b"0\r\n\r\n")
    return status, b"\r\nconnection: close" in lowered


async def _send_http2(address: Address, volley: Volley, report: Report) -> None:
    """The plain ones side by side over one connection, every rough one over its own."""
    plain = [shot for shot in volley.shots if not shot.rough]
    for shots in ([plain] if plain else []) + [[shot] for shot in volley.shots if shot.rough]:
        connection = await _Connection.open(address, volley.source)
        rough = shots[0].rough
        statuses: dict[int, str] = {}
        with contextlib.suppress(TimeoutError, OSError, asyncio.IncompleteReadError, ValueError):
            async with asyncio.timeout(_ROUGH_ANSWER if rough else _ANSWER):
                connection.writer.write(wire.http2(shots))
                await _answers(connection, len(shots), statuses)
        if rough:
            await asyncio.sleep(_LINGER)
        connection.close()
        report.statuses.update(statuses.values())
        report.statuses["none"] += len(shots) - len(statuses)
        report.unanswered += 0 if rough else len(shots) - len(statuses)


async def _answers(connection: _Connection, count: int, statuses: dict[int, str]) -> None:
    """Read frames until every stream has ended."""
    ended = 0
    while ended < count:
        head = await connection.reader.readexactly(wire.FRAME_HEAD)
        size, kind, flags, stream = int.from_bytes(head[:3], "big"), head[3], head[4], int.from_bytes(head[5:], "big")
        payload = await connection.reader.readexactly(size)
        if kind == wire.SETTINGS and not flags & wire.ACK:
            connection.writer.write(wire.frame(wire.SETTINGS, wire.ACK, 0, b""))
        elif kind == wire.PING and not flags & wire.ACK:
            connection.writer.write(wire.frame(wire.PING, wire.ACK, 0, payload))
        elif kind == wire.HEADERS and stream not in statuses:
            statuses[stream] = str(wire.status_of(payload))
        elif kind == wire.RST_STREAM:
            statuses.setdefault(stream, "reset")
        if kind == wire.RST_STREAM or (kind in (wire.HEADERS, wire.DATA) and flags & wire.END_STREAM):
            ended += 1
