"""What ``python -m dashboards check`` finds wrong with the committed dashboards: by themselves, and on a live platform."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dashboards.lint.check import complaints
from dashboards.liveness import QUIET, look
from dashboards.preview.model import Dashboard, read_dashboard
from dashboards.preview.period import Period
from dashboards.preview.prometheus import Source


@dataclass(frozen=True)
class Report:
    """Of one dashboard: how many queries were asked, what is wrong, and what was rightly empty with the reason."""

    dashboard: str
    asked: int
    wrong: tuple[str, ...]
    quiet: tuple[str, ...]


def committed(folder: Path) -> list[Dashboard]:
    """Every dashboard of a folder.

    Raises:
        ModelError: if one can't be read.
    """
    return [read_dashboard(path) for path in sorted(folder.glob("*.json"))]


def broken_rules(folder: Path) -> list[str]:
    """The linter's rules that the files of a folder break."""
    return [
        str(complaint)
        for path in sorted(folder.glob("*.json"))
        for complaint in complaints(json.loads(path.read_text(encoding="utf-8")))
    ]


def live(folder: Path, source: Source, period: Period) -> Iterator[Report]:
    """Every query of every dashboard, asked of a Prometheus that watches a running platform.

    Raises:
        Unreachable: if there is none.
    """
    for dashboard in committed(folder):
        seen = list(look(dashboard, source, period, {}))
        quiet = [one for one in seen if one.empty and not one.error and one.place in QUIET]
        wrong = [one for one in seen if one.complaint and one not in quiet]
        yield Report(
            dashboard.name,
            len(seen),
            tuple(f"{one.where}: {one.complaint}: {one.query}" for one in wrong),
            tuple(f"{one.where}: {QUIET[one.place]}" for one in quiet),
        )
