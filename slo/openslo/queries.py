"""PromQL of OpenSLO's metric sources, written from selectors."""

from collections.abc import Iterable
from dataclasses import dataclass

from slo.promql import series
from slo.spec import Selector


@dataclass(frozen=True)
class Gauge:
    """The series of a gauge; ``age`` is how long ago the time was that it holds.

    ``worst`` is ``max`` or ``min`` where one slice is made of the series that share the labels ``by``, and else nothing.
    """

    selector: Selector
    age: bool = False
    worst: str = ""
    by: tuple[str, ...] = ()

    def __str__(self) -> str:
        query = f"time() - {series(self.selector)}" if self.age else series(self.selector)
        return f"{self.worst} by ({', '.join(self.by)}) ({query})" if self.worst else query


def counters(selectors: Iterable[Selector]) -> str:
    """Counters added up; how they grow in a window is for whoever reads the document (``counter: true``)."""
    return " + ".join(f"sum({series(selector)})" for selector in selectors)
