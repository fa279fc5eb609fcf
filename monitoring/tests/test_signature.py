"""The same counts have the same text, and no others have."""

import random
from datetime import UTC, datetime, timedelta

from monitoring.counting.cube import CUBE_COLUMNS
from monitoring.counting.signature import Signatures
from monitoring.counting.store import Store, naive
from monitoring.quality.labelled import LABELLED_COLUMNS
from monitoring.watched import Watched

START = datetime(2026, 7, 1, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
Row = tuple[object, ...]


def asked(hour: int, rows: int = 1, *, cell: str = "1,2,3", probability: float = 0.1, version: str = "1") -> Row:
    """A row of the cube, so many hours after the start."""
    return naive(START + hour * HOUR), "flight-delay", version, None, "cell", cell, 0, 2, rows, probability


def told(hour: int, error: float) -> Row:
    """A row of labelled predictions."""
    return naive(START + hour * HOUR), "flight-delay", "1", 0, 1, 100, 1, 0.1, 0.01, error, error * error


def signature(watched: Watched, cube: list[Row], labelled: list[Row], hours: int = 3) -> str:
    """Of the hours from the start on."""
    with Store() as store:
        tables = store.empty(CUBE_COLUMNS), store.empty(LABELLED_COLUMNS)
        for table, rows in zip(tables, (cube, labelled), strict=True):
            for row in rows:
                values = ", ".join("NULL" if value is None else f"'{value}'" for value in row)
                store.sql(f"INSERT INTO {table.get_name()} VALUES ({values})")  # noqa: S608 - the test's own
        return Signatures(store, *tables).of(watched, START, START + hours * HOUR)


def test_neither_order_nor_parts_show(flights: Watched) -> None:
    """Counts of an hour may come in several parts, in any order: they add up."""
    rows = [asked(hour, 2, cell=f"{hour},{place},0", probability=0.2) for hour in range(3) for place in range(5)]
    parts = [asked(hour, 1, cell=f"{hour},{place},0") for hour in range(3) for place in range(5)] * 2
    random.Random(1).shuffle(parts)  # noqa: S311 - nothing depends on its being hard to guess
    truths = [told(0, 0.1), told(0, 0.2), told(1, 0.7)]
    assert signature(flights, parts, truths[::-1]) == signature(flights, rows, truths)


def test_whatever_is_counted_shows(flights: Watched) -> None:
    """One more event, another combination, another probability, a label or another error: each is another text."""
    cube, labelled = [asked(0), asked(1)], [told(0, 1.5)]
    others = [
        ([*cube, asked(1)], labelled),
        ([asked(0), asked(2)], labelled),
        ([asked(0), asked(1, cell="1,2,4")], labelled),
        ([asked(0), asked(1, probability=0.100001)], labelled),
        (cube, []),
        (cube, [told(0, 1.25)]),
        (cube, [told(1, 1.5)]),
        ([], []),
    ]
    found = {signature(flights, *one) for one in [(cube, labelled), *others]}
    assert len(found) == len(others) + 1


def test_other_hours_and_other_versions_do_not_show(flights: Watched) -> None:
    """A window's text is of its own hours and its own version."""
    cube, labelled = [asked(0), asked(1)], [told(0, 1.5)]
    alone = signature(flights, cube, labelled)
    more = [asked(3), asked(-1), asked(1, version="2")]
    assert signature(flights, [*cube, *more], [*labelled, told(3, 1.0)]) == alone
    assert signature(flights, cube, labelled, hours=1) != alone
