"""Requests that each open a connection of their own, TLS's handshake included: what a caller pays who keeps none."""

import time
from collections import Counter
from contextlib import closing
from http.client import HTTPException
from itertools import cycle, islice

import numpy as np

from load_tests import servers
from load_tests.gateways.way import Opened
from load_tests.histogram import exact_ms
from load_tests.paths import WRK_BODIES

COUNT = 100
_TIMEOUT = 10.0  # seconds


def measure(opened: Opened) -> tuple[dict[str, float], list[str]]:
    """Ask ``COUNT`` times, one after the other: percentiles in ms from connecting to the whole answer, and problems."""
    headers = {"content-type": "application/json"} | ({"x-api-key": opened.key} if opened.key else {})
    taken: list[float] = []  # microseconds
    problems: Counter[str] = Counter()
    for body in islice(cycle(WRK_BODIES.read_bytes().splitlines()), COUNT):
        with closing(opened.connect(_TIMEOUT)) as connection:
            started = time.perf_counter()
            try:
                connection.request("POST", servers.PREDICT, body, headers)
                answer = connection.getresponse()
                answer.read()
            except (OSError, HTTPException) as error:
                problems[f"no answer: {type(error).__name__}"] += 1
                continue
            taken.append((time.perf_counter() - started) * 1e6)
        if answer.status != 200:  # noqa: PLR2004 - HTTP's own OK
            problems[f"an answer {answer.status}"] += 1
    return exact_ms(np.array(taken)), [f"{count} times: {said}" for said, count in problems.items()]
