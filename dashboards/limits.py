"""The limits that the objectives set, for the panels that show them: read from the specs, never typed again."""

from collections.abc import Iterable
from dataclasses import dataclass

from slo.spec import Latency, Selector, Slices, Spec


@dataclass(frozen=True)
class Limits:
    """Objectives by name.

    Raises:
        KeyError: where an objective that a panel shows is not there any more, or is of another kind.
    """

    specs: dict[str, Spec]

    @classmethod
    def of(cls, specs: Iterable[Spec]) -> "Limits":
        """The limits of some specs."""
        return cls({spec.name: spec for spec in specs})

    def latency(self, name: str) -> Latency:
        """A latency objective's histogram and threshold."""
        found = self.specs[name].sli.latency
        if found is None:
            raise KeyError(f"{name} is no objective of latency")
        return found

    def seconds(self, name: str) -> float:
        """A latency objective's threshold."""
        return float(self.latency(name).threshold)

    def slices(self, name: str) -> Slices:
        """An objective of slices of time: its metric and its limit."""
        found = self.specs[name].sli.slices
        if found is None:
            raise KeyError(f"{name} is no objective of slices")
        return found

    def above(self, name: str) -> float:
        """The limit above which a slice is bad."""
        limit = self.slices(name).above
        if limit is None:
            raise KeyError(f"{name} has no limit above which it is bad")
        return float(limit)

    def allowed(self, name: str) -> float:
        """The part of an objective's events that may be bad."""
        return float(self.specs[name].budget)

    def events(self, name: str) -> tuple[Selector, Selector]:
        """What an objective of events counts: all of them, and the bad ones, where each is one selector."""
        found = self.specs[name].sli.events
        if found is None:
            raise KeyError(f"{name} is no objective of events")
        (total,), (bad,) = found.total, found.bad
        return total, bad

    def counted(self, name: str) -> Selector:
        """The histogram series that a latency objective counts."""
        latency = self.latency(name)
        return Selector(metric=latency.histogram, match=latency.match, exclude=latency.exclude)
