"""What is answered to a path: pages made at that moment, reports as they were written, runbooks. Nothing is changed."""

import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, quote, unquote

import jinja2

from monitoring import moment
from monitoring.console import chart, markdown, overview
from monitoring.console.past import Shelf
from monitoring.pages import words
from monitoring.pages.page import INDEX
from monitoring.report import LATEST, Latest, read_latest, window_hours
from monitoring.schedule.history import History, Run
from monitoring.schedule.timetable import Timetable

_HTML: Final = "text/html; charset=utf-8"
_KINDS: Final = {".html": _HTML, ".json": "application/json"}
# https://www.w3.org/TR/CSP3/: nothing from anywhere else, no script, no form, in nobody's frame.
_STRICT: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_OWN: Final = f"{_STRICT}; style-src 'self'; img-src data:"  # the icon is data
_WRITTEN: Final = f"{_STRICT}; style-src 'unsafe-inline'"  # a report's page is one file, with its style in it
# Evidently's pages are programs; they run as nobody (an opaque origin) and reach nothing.
_FOREIGN: Final = (
    f"sandbox allow-scripts; {_STRICT}; script-src 'unsafe-inline'; style-src 'unsafe-inline'"
    "; img-src data: blob:; font-src data:"
)
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
_PLACE = re.compile(rf"{re.escape(INDEX)}|{re.escape(LATEST)}|drift/{_NAME}/{_NAME}/{_NAME}/{_NAME}\.(?:html|json)")
_RUNBOOK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_RUNS = 12  # that the first page has
_BUDGET = 'slo:period_error_budget_remaining:ratio{{slo="{}"}}'
_log = logging.getLogger("puerta.monitoring.console")


@dataclass(frozen=True)
class Answer:
    """What goes back: the body with its kind, and what the browser may do with it."""

    status: HTTPStatus
    body: bytes
    kind: str = _HTML
    policy: str = _OWN


@dataclass(frozen=True)
class Runbook:
    """One runbook by its name; ``budget`` leads to the error budget of its objective, empty where there is none."""

    name: str
    title: str
    budget: str


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where things are. ``prometheus`` is the URL that a browser has it at, empty where there is none."""

    reports: Path
    runbooks: Path = field(default_factory=lambda: Path(__file__).parents[1] / "runbooks")
    prometheus: str = ""
    schedule: str = "5 * * * *"


class Site:
    """Answers paths."""

    def __init__(self, place: Place, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._place = place
        self._clock = clock
        self._shelf = Shelf(place.reports)
        self._environment = _environment()

    def answer(self, target: str) -> Answer:
        """The answer to the target of a GET request; whatever goes wrong is told in one sentence, and logged."""
        path, _, query = target.partition("?")
        path = unquote(path)
        try:
            return self._answer(path, parse_qs(query))
        except FileNotFoundError:
            return self._said(HTTPStatus.NOT_FOUND, "There is no such page.")
        except (OSError, ValueError, LookupError, jinja2.TemplateError) as error:
            _log.error("page not made", extra={"path": path, "reason": str(error)})
            return self._said(
                HTTPStatus.INTERNAL_SERVER_ERROR, "This page can't be made; the log of monitoring says why."
            )

    def _answer(self, path: str, query: dict[str, list[str]]) -> Answer:
        if path.startswith("/runbooks/"):
            return self._runbook(path.removeprefix("/runbooks/").removesuffix(".md") or "README")
        if path.startswith("/reports/"):
            return self._file(path.removeprefix("/reports/") or INDEX)
        match path:
            case "/":
                return self._overview(query.get("window", ["1d"])[-1])
            case "/runs":
                runs = History(self._place.reports).runs()
                return self._page("runs.html", runs=_with_seconds(reversed(runs)))
            case "/style.css":
                style = self._environment.get_template("style.css").render()
                return Answer(HTTPStatus.OK, style.encode(), "text/css; charset=utf-8")
        raise FileNotFoundError(path)

    def _overview(self, window: str) -> Answer:
        now, timetable = self._clock(), Timetable(self._place.schedule)
        latest = read_latest(self._place.reports)
        runs = History(self._place.reports).runs()
        found = tuple(overview.newest(self._place.reports, latest)) if latest else ()
        self._shelf.forget()
        return self._page(
            "overview.html",
            latest=latest,
            unread=len(latest.reports) - len(found) if latest else 0,
            ago=_ago(latest, now),
            next_run="" if timetable.is_empty else moment.text(timetable.upcoming(now)),
            models=overview.models(found, self._shelf, window),
            windows=sorted({report.window for report in found}, key=window_hours),
            window=window,
            log=overview.log(latest) if latest else None,
            runs=_with_seconds(reversed(runs[-_RUNS:])),
            total_runs=len(runs),
            runbooks=[book for book in self._runbooks() if book.name != "README"],
        )

    def _runbook(self, name: str) -> Answer:
        if not _RUNBOOK.fullmatch(name):
            raise FileNotFoundError(name)
        text = (self._place.runbooks / f"{name}.md").read_text(encoding="utf-8")
        return self._page(
            "runbook.html", title=markdown.title(text), body=markdown.render(text), name=name, budget=self._budget(name)
        )

    def _runbooks(self) -> list[Runbook]:
        return [
            Runbook(path.stem, markdown.title(path.read_text(encoding="utf-8")), self._budget(path.stem))
            for path in sorted(self._place.runbooks.glob("*.md"))
        ]

    def _budget(self, name: str) -> str:
        if not self._place.prometheus or name in {"README", "retrain", "watching"}:
            return ""
        expression = quote(_BUDGET.format(name), safe="")
        return f"{self._place.prometheus}/graph?g0.expr={expression}&g0.tab=0&g0.range_input=1d"

    def _file(self, place: str) -> Answer:
        """A file that a run wrote, by a name such as runs give; never what a link leads to outside of the folder."""
        if not _PLACE.fullmatch(place):
            raise FileNotFoundError(place)
        folder = self._place.reports.resolve()
        path = (folder / place).resolve()
        if not path.is_relative_to(folder) or not path.is_file():
            raise FileNotFoundError(place)
        policy = _FOREIGN if path.name.startswith("evidently") else _WRITTEN
        return Answer(HTTPStatus.OK, path.read_bytes(), _KINDS[path.suffix], policy)

    def _said(self, status: HTTPStatus, sentence: str) -> Answer:
        return self._page("said.html", status, title=status.phrase, sentence=sentence)

    def _page(self, template: str, status: HTTPStatus = HTTPStatus.OK, **values: object) -> Answer:
        return Answer(
            status,
            self._environment.get_template(template).render(prometheus=self._place.prometheus, **values).encode(),
        )


@cache  # templates are compiled once
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [
                jinja2.PackageLoader("monitoring.console"),
                jinja2.PrefixLoader({"pages": jinja2.PackageLoader("monitoring.pages")}),  # the reports' style
            ]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": words.percent, "duration": words.duration, "spoken": _spoken, "of": _of}
    environment.globals |= {"width": chart.WIDTH, "height": chart.HEIGHT}
    return environment


def _ago(latest: Latest | None, now: datetime) -> float | None:
    return max(0.0, (now - moment.parse(latest.finished)).total_seconds()) if latest else None


def _with_seconds(runs: Iterable[Run]) -> list[tuple[Run, float]]:
    """Each with the time that it took."""
    return [(run, max(0.0, (moment.parse(run.finished) - moment.parse(run.started)).total_seconds())) for run in runs]


def _of(count: int, noun: str) -> str:
    """So many of something."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _spoken(text: str) -> str:
    """A moment as people write it; always UTC."""
    return text.replace("T", " ").removesuffix("Z").removesuffix(":00")
