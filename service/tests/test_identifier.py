"""Identifiers are UUIDv7: unique, ordered by time, and one draw serves all the rows of a request."""

import sys
import threading
import time
import uuid
from collections.abc import Iterator

import pytest

from service.identifier import Identifiers


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Threads that take turns as often as the interpreter can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def test_they_are_uuid_version_7_of_now() -> None:
    """RFC 9562: version 7, the RFC's variant, and 48 bits of milliseconds since the epoch in front."""
    before = time.time_ns() // 1_000_000
    identifiers = Identifiers()
    made = [identifiers.first(identifiers.draw()) for _ in range(2000)]  # more than one pool of randomness
    after = time.time_ns() // 1_000_000
    for text in made:
        parsed = uuid.UUID(text)
        assert str(parsed) == text
        assert parsed.version == 7
        assert parsed.variant == uuid.RFC_4122
        assert before <= parsed.int >> 80 <= after


def test_they_are_unique_and_ordered_by_time() -> None:
    """No two draws are alike, and what was drawn in a later millisecond sorts after what came before."""
    identifiers = Identifiers()
    made = [identifiers.draw() for _ in range(5000)]
    assert len(set(made)) == len(made)
    stamps = [text[:13] for text in made]
    assert stamps == sorted(stamps)


def test_rows_are_a_request_s_own() -> None:
    """Row 0 is the identifier that names the request, and the rows sort as they came."""
    identifiers = Identifiers()
    drawn = identifiers.draw()
    rows = identifiers.rows(drawn, 10_000)
    assert rows[0] == identifiers.first(drawn)
    assert rows == sorted(set(rows))
    assert len(rows) == 10_000
    assert {uuid.UUID(row).version for row in rows} == {7}
    assert identifiers.rows(drawn, 2) == rows[:2]
    assert len(set(identifiers.rows(drawn, 65_536))) == 65_536


@pytest.mark.usefixtures("hasty_threads")
def test_threads_never_draw_the_same() -> None:
    """Worker threads and the event loop draw from one pool."""
    identifiers = Identifiers()
    drawn: list[list[str]] = [[] for _ in range(4)]

    def draw(mine: list[str]) -> None:
        mine += [identifiers.draw() for _ in range(20_000)]

    threads = [threading.Thread(target=draw, args=(mine,)) for mine in drawn]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = [text for mine in drawn for text in mine]
    assert len(set(made)) == len(made)


@pytest.mark.usefixtures("hasty_threads")
def test_threads_get_all_their_rows() -> None:
    """A large request and small ones at once: each gets as many identifiers as it has rows."""
    for _ in range(50):
        identifiers = Identifiers()
        short: list[int] = []

        def ask(count: int, identifiers: Identifiers = identifiers, short: list[int] = short) -> None:
            if len(identifiers.rows("x", count)) != count:
                short.append(count)

        threads = [threading.Thread(target=ask, args=(count,)) for count in (5000, 5, 500, 50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not short
