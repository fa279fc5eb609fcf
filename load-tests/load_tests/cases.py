"""Requests that nobody should send, made from good ones: the same number and seed give the same bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from load_tests import tensors
from load_tests.bodies import instance
from load_tests.flights import Flights
from load_tests.mutations import BYTES, REQUEST, TREE, Dice, Draft
from model_files.manifest import Manifest

# One case in so many exceeds the body limit: each costs as much as a hundred others.
OVERSIZED = 2000


@dataclass(frozen=True)
class Case:
    """One request as bytes; ``route`` and ``mutations`` say what it is. Without mutations it is a good one."""

    number: int
    route: str
    mutations: tuple[str, ...]
    request: bytes


class Cases:
    """Makes the cases of a seed.

    ``most_bytes`` is the body limit of the service under test, which some cases exceed.
    """

    def __init__(self, seed: int, manifests: Sequence[Manifest], flights: Flights, most_bytes: int) -> None:
        self._seed = seed
        self._manifests = manifests
        self._flights = flights.draw(1024, seed)
        self._most_bytes = most_bytes
        self._routes = {"predict": self._predict, "labels": self._labels, "infer": self._infer}

    def __getitem__(self, number: int) -> Case:
        dice = Dice(self._seed << 40 ^ number)
        route = dice.choice(("predict", "predict", "labels", "infer"))
        draft = self._routes[route](dice)
        names: list[str] = []
        for table, chance in ((TREE, 0.5), (REQUEST, 0.25)):
            while dice.random() < chance:
                names.append(dice.choice(tuple(table)))
                table[names[-1]](dice, draft)
        prefix = draft.encode()
        if draft.tail and "binary lies" not in names:
            draft.headers.append(("inference-header-content-length", str(len(prefix))))
        body = prefix + draft.tail
        if _one_in(dice, 4):
            names.append(dice.choice(tuple(BYTES)))
            body = BYTES[names[-1]](dice, body)
        if _one_in(dice, OVERSIZED):
            names.append("oversized")
            body += b" " * (self._most_bytes + 1 - len(body) + dice.randrange(1000))
        return Case(number, route, tuple(names), _request(dice, draft, body))

    def _predict(self, dice: Dice) -> Draft:
        manifest = dice.choice(self._manifests)
        rows = [instance(dice.choice(self._flights), manifest) for _ in range(dice.choice((1, 1, 1, 2, 5)))]
        body: dict[str, Any] = {"instances": [list(row.values()) if _one_in(dice, 3) else row for row in rows]}
        if _one_in(dice, 3):
            body["ids"] = [f"{dice.getrandbits(64):016x}" for _ in rows]
        return Draft(f"/v1/models/{manifest.name}/predict", body)

    def _labels(self, dice: Dice) -> Draft:
        classes = self._manifests[0].classes
        rows = [
            {"id": f"{dice.getrandbits(128):032x}", "label": dice.choice(classes)}
            for _ in range(dice.choice((1, 1, 2, 5)))
        ]
        return Draft("/v1/labels", {"labels": rows})

    def _infer(self, dice: Dice) -> Draft:
        manifest = dice.choice(self._manifests)
        rows = [instance(dice.choice(self._flights), manifest) for _ in range(dice.choice((1, 1, 2, 5)))]
        path = f"/v2/models/{manifest.name}/infer"
        if _one_in(dice, 2):
            return Draft(path, {"inputs": tensors.as_json(rows, manifest)})
        inputs, tail = tensors.as_binary(rows, manifest)
        return Draft(path, {"inputs": inputs}, tail=tail, content_type="application/octet-stream")


def _one_in(dice: Dice, count: int) -> bool:
    return dice.randrange(count) == 0


def _request(dice: Dice, draft: Draft, body: bytes) -> bytes:
    """Frame a body: by its length, or in chunks of random sizes."""
    headers = [("host", "127.0.0.1"), *draft.headers]
    if draft.content_type is not None:
        headers.append(("content-type", draft.content_type))
    if draft.chunked:
        headers.append(("transfer-encoding", "chunked"))
        body = _chunks(dice, body)
    else:
        headers.append(("content-length", str(len(body))))
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"{draft.method} {draft.path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body


def _chunks(dice: Dice, body: bytes) -> bytes:
    framed = bytearray()
    while body:
        size = dice.randrange(1, len(body) + 1)
        framed += b"%x\r\n%b\r\n" % (size, body[:size])
        body = body[size:]
    return bytes(framed) + b"0\r\n\r\n"
