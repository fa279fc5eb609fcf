"""What a report rests on, as one short text: while it is the same, the report is the same."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import msgspec

from monitoring.counting.signature import Signatures
from monitoring.drift import volume
from monitoring.drift.rule import Rule
from monitoring.making import Tables
from monitoring.report import window_hours
from monitoring.settings import Settings
from monitoring.watched import Watched

_SETTINGS = (
    "drift_day_seconds",
    "drift_min_rows",
    "drift_step_hours",
    "label_due_days",
    "label_min_count",
    "quality_delta",
)
_DIGITS = 16
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Inputs:
    """Digests of what was counted of every model, and of how it is judged."""

    def __init__(self, tables: Tables, settings: Settings, rule: Rule) -> None:
        self._watched = tables.watched
        self._settings = settings
        self._rule = msgspec.json.encode([asdict(rule), [getattr(settings, name) for name in _SETTINGS]])
        self._signatures = Signatures(tables.store, tables.cube, tables.labelled, tables.lags)
        self._nothing = self._signatures.of(tables.watched[0], _NEVER, _NEVER)
        cube = tables.cube
        begun = tables.store.fetch(cube.group_by(["model", "version"]).agg(first=cube.hour.min()))
        self._first = {(model, version): first.replace(tzinfo=UTC) for model, version, first in begun}

    def first(self, watched: Watched) -> datetime | None:
        """The first hour in which a version was asked, of those that were counted; None for none."""
        return self._first.get((watched.name, watched.version))

    def of(self, watched: Watched, window: str, until: datetime) -> str:
        """A digest of the counts that the report of a window rests on, and one of the rule, settings and package, by a dash.

        The other versions of the model that were asked are in the first, as a report compares them.
        """
        counted = [
            f"{one.version} {place} {signature}"
            for one in self._watched
            if one.name == watched.name
            for place, (since, end) in enumerate(_spans(window, until, self._settings))
            if (signature := self._signatures.of(one, since, end)) != self._nothing
        ]
        judged = self._rule + msgspec.json.encode(watched.manifest)  # it holds the reference's own digest
        return f"{_digest(chr(10).join(counted).encode())}-{_digest(judged)}"


def reach(windows: Iterable[str], settings: Settings) -> timedelta:
    """How far before its end the reports of windows look at events."""
    end = datetime(2000, 1, 1, tzinfo=UTC)
    return max(end - since for window in windows for since, _ in _spans(window, end, settings))


def _spans(window: str, until: datetime, settings: Settings) -> Iterator[tuple[datetime, datetime]]:
    """The hours that a report rests on: its window, the one before, one whose labels are due, and before a day its week."""
    pace = settings.pace
    length = pace.hours(window_hours(window))
    due = pace.begin(until - pace.days(settings.label_due_days))
    for end in (until, until - pace.hours(settings.drift_step_hours), due):
        yield end - length, end
    if window == volume.WINDOW:
        yield until - (1 + volume.DAYS) * length, until - length


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:_DIGITS]
