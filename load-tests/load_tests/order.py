"""What the client of an open loop is asked to do."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from load_tests.arrivals import Arrivals
from load_tests.bodies import SEED

Positive = Annotated[float, Meta(gt=0)]


class OrderError(ValueError):
    """An order that cannot be carried out; the message names the field."""


class Order(msgspec.Struct, frozen=True):
    """What to ask, where and how fast.

    Attributes:
        url: where a body goes that names no path.
        bodies: a file as ``wrk/predict.lua`` reads it: a body in each line, or ``/path<TAB>body``.
        rate: requests per second.
        seconds: for how long requests come due.
        connections: how many keep-alive connections, all opened before.
        headers: each ``name: value``.
        arrivals: equal gaps, or those of callers who know nothing of each other.
        authority: a PEM file of the certificates to trust for https; None: the system's.
        timeout: seconds after which a request that was sent is given up and its connection closed; as long is waited at
            the end for what is still open.
        seed: of arrivals drawn at random.
    """

    url: str
    bodies: str
    rate: Positive
    seconds: Positive
    connections: Annotated[int, Meta(ge=1)] = 64
    headers: tuple[str, ...] = ()
    arrivals: Arrivals = "fixed"
    authority: str | None = None
    timeout: Positive = 10.0
    seed: int = SEED


def encode(order: Order) -> list[bytes]:
    """Write each line of the bodies as a whole request.

    Raises:
        OrderError: if there is no body, or a header has no colon.
    """
    url = urlsplit(order.url)
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    given = {"host": url.netloc, "content-type": "application/json"}
    for header in order.headers:
        name, colon, value = header.partition(":")
        if not colon:
            raise OrderError(f'headers: {header!r} is no header, expected "name: value"')
        given[name.strip().lower()] = value.strip()
    shared = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    requests = []
    for line in Path(order.bodies).read_bytes().splitlines():
        route, tab, body = line.partition(b"\t") if line.startswith(b"/") else (b"", b"", line)
        if not tab:
            route, body = path.encode(), line
        if line:
            head = f" HTTP/1.1\r\n{shared}content-length: {len(body)}\r\n\r\n".encode("latin-1")
            requests.append(b"POST " + route + head + body)
    if not requests:
        raise OrderError(f"bodies: {order.bodies} holds no body, expected one in each line")
    return requests
