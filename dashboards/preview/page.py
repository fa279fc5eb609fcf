"""A dashboard as one HTML page that needs nothing else: neither Grafana, nor Prometheus, nor the network."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dashboards.preview import colours
from dashboards.preview.answers import Mark, ask, marks
from dashboards.preview.drawing.drawing import Drawing
from dashboards.preview.drawing.panel import draw
from dashboards.preview.links import Link, Links
from dashboards.preview.model import Dashboard, Panel
from dashboards.preview.period import Period
from dashboards.preview.prometheus import PrometheusError, Source, UnreachableError
from dashboards.preview.variables import Scope, resolve

State = Literal["row", "drawn", "empty", "failed"]

_TEMPLATES = Path(__file__).parent / "templates"
_WHEN = "%Y-%m-%d %H:%M:%S"
_MADE = "Made by `python -m dashboards preview` from a live Prometheus."


@dataclass(frozen=True)
class Piece:
    """A panel on the page: what was drawn of it, or why nothing was."""

    panel: Panel
    title: str
    description: str
    links: Sequence[Link]
    drawing: Drawing | None = None
    error: str = ""

    @property
    def state(self) -> State:
        """What became of it."""
        if self.panel.kind == "row":
            return "row"
        return "failed" if self.drawing is None else "empty" if self.drawing.empty else "drawn"


@dataclass(frozen=True)
class Page:
    """A dashboard whose every panel was asked for and drawn."""

    dashboard: Dashboard
    scope: Scope
    period: Period
    pieces: tuple[Piece, ...]
    marks: tuple[Mark, ...]
    links: Sequence[Link]
    failures: tuple[str, ...]

    @property
    def name(self) -> str:
        """The dashboard's file name, without its ending."""
        return self.dashboard.name

    def said(self) -> str:
        """How many panels it has, and how many without data or with an error."""
        states = Counter(piece.state for piece in self.pieces)
        found = f"{states.total() - states['row']} panels, {states['empty']} without data"
        return f"{found}, {len(self.failures)} failed" if self.failures else found

    def html(self) -> str:
        """The page."""
        start, end = (
            datetime.fromtimestamp(time, UTC).strftime(_WHEN) for time in (self.period.start, self.period.end)
        )
        counted = Counter((annotation.name, annotation.colour) for annotation in self.dashboard.annotations)
        return (
            _environment()
            .get_template("page.html")
            .render(
                title=self.dashboard.title,
                description=self.dashboard.description,
                links=self.links,
                choices=[choice for choice in self.scope.choices.values() if not choice.variable.hidden],
                marks=[_legend(name, colour, self.marks) for name, colour in counted],
                start=start,
                end=end,
                pieces=self.pieces,
                made=_MADE,
                plotly=_plotly(),
            )
        )


def draw_page(
    dashboard: Dashboard, source: Source, period: Period, asked: Mapping[str, str], pages: Mapping[str, Dashboard]
) -> Page:
    """Ask for and draw everything of a dashboard. ``pages`` are the dashboards that links can lead to, by uid.

    What one query is not answered fails that panel alone.

    Raises:
        UnreachableError: if there is no Prometheus.
        PrometheusError: if a variable's query is not answered.
        ValueError: if a variable is asked for a value that there isn't.
    """
    scope = resolve(dashboard, source, period, asked)
    links = Links(scope, {uid: f"{one.name}.html" for uid, one in pages.items()})
    failures: list[str] = []
    try:
        marked = tuple(marks(dashboard, scope, source, period))
    except UnreachableError:
        raise
    except (PrometheusError, ValueError) as error:
        marked = ()
        failures.append(f"annotations: {error}")
    pieces = tuple(_piece(panel, links, source, period, marked) for panel in dashboard.panels)
    failures += [f"{piece.title}: {piece.error}" for piece in pieces if piece.error]
    others = [Link(one.title, f"{one.name}.html") for one in pages.values() if one.name != dashboard.name]
    return Page(dashboard, scope, period, pieces, marked, others, tuple(failures))


def index(pages: Sequence[Page], pictures: Sequence[str]) -> str:
    """A page that leads to the others; ``pictures`` are the names of those that have one."""
    template = _environment().get_template("index.html")
    return template.render(title="Dashboards", pages=pages, pictures=pictures, made=_MADE)


def _piece(panel: Panel, links: Links, source: Source, period: Period, marked: tuple[Mark, ...]) -> Piece:
    title, description = links.scope.fill(panel.title), links.scope.fill(panel.description)
    raws = (*panel.links, *panel.fields.of().links) if panel.kind != "table" else panel.links
    own = links.all(tuple(raws))
    if panel.kind == "row":
        return Piece(panel, title, description, own)
    try:
        answer = ask(panel, links.scope, source, period, marked)
        return Piece(panel, title, description, own, draw(panel, answer, links))
    except UnreachableError:
        raise
    except (PrometheusError, ValueError) as error:
        return Piece(panel, title, description, own, error=str(error))


@dataclass(frozen=True)
class _Marked:
    name: str
    colour: str
    count: int


def _legend(name: str, colour: str, marked: Sequence[Mark]) -> _Marked:
    return _Marked(name, colours.hexadecimal(colour), sum(mark.source == name for mark in marked))


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )


@cache
def _plotly() -> Markup:
    from plotly.offline import get_plotlyjs

    return Markup(get_plotlyjs().replace("</script", "<\\/script"))  # noqa: S704 - the library's own file
