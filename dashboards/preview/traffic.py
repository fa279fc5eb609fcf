"""Callers of the gateway: right and wrong ones, single flights and batches, and the truth that arrives later."""

import csv
import http.client
import json
import math
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_CALLERS = 4
_TIMEOUT = 20.0  # seconds
_WAVE = 240.0  # seconds from one busy time to the next
_ELSEWHERE = "127.0.0.2"  # an address that is on nobody's list
_KEPT = 5000  # predictions whose truth has not been told yet


@dataclass(frozen=True)
class Call:
    """One request; ``key`` is the right one unless said otherwise, ``source`` the address it comes from."""

    path: str
    body: Any = None
    key: str | None = "right"
    source: str = "127.0.0.1"


@dataclass(frozen=True)
class Traffic:
    """Requests to the gateway at ``port`` with a ``key``; ``flights`` are (instance, times it flew, times it was late)."""

    port: int
    key: str
    flights: Sequence[tuple[dict[str, Any], int, int]]
    pace: float = 40.0  # requests a second, on average
    seed: int = 7
    _waiting: "deque[tuple[str, int]]" = field(default_factory=lambda: deque(maxlen=_KEPT))

    @contextmanager
    def flowing(self) -> Iterator[None]:
        """Requests from several callers until the block ends."""
        stop = threading.Event()
        callers = [threading.Thread(target=self._call, args=(number, stop), daemon=True) for number in range(_CALLERS)]
        for caller in callers:
            caller.start()
        try:
            yield
        finally:
            stop.set()
            for caller in callers:
                caller.join(_TIMEOUT)

    def _call(self, number: int, stop: threading.Event) -> None:
        chance = random.Random(self.seed + number)  # noqa: S311 - traffic, not secrets
        begun = time.monotonic()
        while not stop.is_set():
            self._send(self._next(chance), chance)
            wave = 1 + 0.6 * math.sin(2 * math.pi * (time.monotonic() - begun) / _WAVE)
            stop.wait(chance.expovariate(self.pace * wave / _CALLERS))

    def _next(self, chance: random.Random) -> Call:
        """The kinds of requests by how often they come."""
        kinds: list[tuple[float, Callable[[], Call]]] = [
            (66, lambda: Call("/v1/predict", self._instances(chance, 1))),
            (8, lambda: Call("/v1/predict", self._instances(chance, chance.choice((5, 20, 100, 400))))),
            (8, lambda: Call("/v1/models/flight-delay/predict", self._instances(chance, 2))),
            (
                0.3,
                lambda: Call("/v1/predict", {"instances": [{"OPERA": "Aerolínea Nueva", "TIPOVUELO": "N", "MES": 7}]}),
            ),
            (0.2, lambda: Call("/v1/predict", {"instances": [{"OPERA": "Grupo LATAM", "TIPOVUELO": "N", "MES": 13}]})),
            (0.1, lambda: Call("/v1/predict", {"instances": [{"OPERA": "Grupo LATAM"}]})),
            (7, lambda: Call("/v1/labels", self._labels(chance))),
            (3, lambda: Call("/v1/models")),
            (2, lambda: Call("/v1/predict", self._instances(chance, 1), key="puerta_local_wrong")),
            (2, lambda: Call("/v1/predict", self._instances(chance, 1), key=None)),
            (1, lambda: Call("/v1/predict", self._instances(chance, 1), source=_ELSEWHERE)),
            (1, lambda: Call("/v1/nowhere")),
        ]
        return chance.choices([make for _, make in kinds], [weight for weight, _ in kinds])[0]()

    def _instances(self, chance: random.Random, count: int) -> dict[str, Any]:
        chosen = chance.choices(self.flights, [flown for _, flown, _ in self.flights], k=count)
        return {"instances": [instance for instance, _, _ in chosen]}

    def _labels(self, chance: random.Random) -> dict[str, Any]:
        """The truth of some earlier predictions, told in any order."""
        known = [self._waiting.popleft() for _ in range(min(len(self._waiting), 40))]
        chance.shuffle(known)
        return {"labels": [{"id": prediction, "label": label} for prediction, label in known]}

    def _send(self, call: Call, chance: random.Random) -> None:
        """Send it; whatever comes back is an answer, and none is what an outage looks like."""
        headers = {"content-type": "application/json"}
        if call.key is not None:
            headers["x-api-key"] = self.key if call.key == "right" else call.key
        if chance.random() < 0.01:  # noqa: PLR2004 - traced callers
            headers["traceparent"] = f"00-{chance.getrandbits(128):032x}-{chance.getrandbits(64):016x}-01"
        method, body = ("GET", None) if call.body is None else ("POST", json.dumps(call.body))
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=_TIMEOUT, source_address=(call.source, 0)
        )
        try:
            connection.request(method, call.path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            return
        finally:
            connection.close()
        if answer.status == http.client.OK and call.path.endswith("/predict"):
            self._remember(call.body["instances"], json.loads(content)["predictions"], chance)

    def _remember(self, instances: Sequence[dict[str, Any]], predictions: Sequence[Any], chance: random.Random) -> None:
        """Draw the truth of each prediction by how often flights like it were late."""
        late = {_cell(instance): min(delayed / flown, 1.0) for instance, flown, delayed in self.flights if flown}
        for instance, prediction in zip(instances, predictions, strict=True):
            self._waiting.append((prediction["id"], int(chance.random() < late.get(_cell(instance), 0.2))))


def read_flights(path: Path) -> list[tuple[dict[str, Any], int, int]]:
    """The flights counts of the model room: (instance, flights, delayed flights), a cell each."""
    with path.open(newline="", encoding="utf-8") as rows:
        return [(_instance(row), int(row["flights"]), int(row["delayed"])) for row in csv.DictReader(rows)]


def _instance(row: dict[str, str]) -> dict[str, Any]:
    return {"OPERA": row["OPERA"], "TIPOVUELO": row["TIPOVUELO"], "MES": int(row["MES"])}


def _cell(instance: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(instance.values())
