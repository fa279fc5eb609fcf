"""``python -m dashboards preview``: every panel of a dashboard, drawn from a live Prometheus into a static page."""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dashboards.preview.model import Dashboard, ModelError, read_dashboard
from dashboards.preview.page import Page, draw_page, index
from dashboards.preview.period import Period
from dashboards.preview.prometheus import Prometheus, PrometheusError, Source, duration
from dashboards.preview.screenshot import ScreenshotError, chromium, take

GENERATED = Path(__file__).parents[1] / "generated"


@dataclass(frozen=True)
class Order:
    """What to draw: which dashboards (all, if none is named), from how many seconds ago, and where to."""

    names: tuple[str, ...]
    seconds: float
    folder: Path
    chosen: Mapping[str, str]
    pictures: bool = False
    source: Path = GENERATED


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the room's."""
    parser = commands.add_parser("preview", help="draw dashboards from a live Prometheus into static pages")
    parser.add_argument("--dashboard", metavar="NAME", action="append", default=[], help="which one (default: all)")
    parser.add_argument("--prometheus", metavar="URL", default="http://127.0.0.1:9090", help="(default: %(default)s)")
    parser.add_argument(
        "--from", dest="since", metavar="DURATION", type=duration, default="15m", help="how far back (default: 15m)"
    )
    parser.add_argument(
        "--out", metavar="FOLDER", type=Path, default=Path(".local/dashboards"), help="(default: %(default)s)"
    )
    parser.add_argument(
        "--var", metavar="NAME=VALUE", action="append", default=[], type=_pair, help="choose a variable's value"
    )
    parser.add_argument(
        "--json", metavar="FOLDER", type=Path, default=GENERATED, help="of the dashboards (default: those committed)"
    )
    parser.set_defaults(run=run)
    parser.add_argument("--png", action="store_true", help="take pictures of the pages too, with Chromium")


def run(options: argparse.Namespace) -> int:
    """Run the command; 0, or 1 with what is wrong on standard error."""
    names = () if "all" in options.dashboard else tuple(options.dashboard)
    order = Order(names, options.since, options.out, dict(options.var), options.png, options.json)
    try:
        pages = draw(order, Prometheus(options.prometheus))
    except (ModelError, PrometheusError, ScreenshotError, ValueError, OSError) as error:
        _complain(str(error))
        return 1
    failures = [f"{page.name}: {failure}" for page in pages for failure in page.failures]
    if failures:
        _complain("\n".join((f"{len(failures)} failed:", *failures)))
    return 1 if failures else 0


def draw(order: Order, source: Source) -> list[Page]:
    """Draw the dashboards, and say on the way what was made.

    Raises:
        ModelError: if a file is no dashboard.
        ValueError: if there is no dashboard or no variable of a name.
        PrometheusError: if there is no Prometheus, or it does not answer what a variable needs.
        ScreenshotError: if pictures are wanted and can't be had.
        OSError: if a file can't be read or written.
    """
    program = chromium() if order.pictures else ""
    found = {one.uid: one for one in map(read_dashboard, sorted(order.source.glob("*.json")))}
    chosen = _chosen(found, order.names, order.source)
    _known_variables(chosen, order.chosen)
    end = time.time()
    period = Period(end - order.seconds, end)
    order.folder.mkdir(parents=True, exist_ok=True)
    pages = []
    reachable = {one.uid: one for one in chosen}
    for number, dashboard in enumerate(chosen, start=1):
        _say(f"[{number}/{len(chosen)}] {dashboard.name}: ", end="")
        names = {variable.name for variable in dashboard.variables}
        asked = {name: value for name, value in order.chosen.items() if name in names}
        page = draw_page(dashboard, source, period, asked, reachable)
        path = order.folder / f"{page.name}.html"
        path.write_text(page.html(), encoding="utf-8")
        _say(f"{page.said()}: {path}", end="" if program else "\n")
        if program:
            take(path, path.with_suffix(".png"), program)
            _say(f", {path.with_suffix('.png').name}")
        pages.append(page)
    pictures = [page.name for page in pages] if program else []
    (order.folder / "index.html").write_text(index(pages, pictures), encoding="utf-8")
    return pages


def _chosen(found: Mapping[str, Dashboard], names: Sequence[str], folder: Path) -> list[Dashboard]:
    known = {one.name: one for one in found.values()}
    if not known:
        raise ValueError(f"{folder}: there is no dashboard; `python -m dashboards build` makes them")
    if strange := [name for name in names if name not in known]:
        raise ValueError(f"there is no dashboard {strange[0]}; there are: {', '.join(known)}")
    return [known[name] for name in names or known]


def _known_variables(dashboards: Sequence[Dashboard], asked: Mapping[str, str]) -> None:
    known = {variable.name for one in dashboards for variable in one.variables}
    if strange := [name for name in asked if name not in known]:
        raise ValueError(f"--var {strange[0]}: no such variable; there are: {', '.join(sorted(known)) or 'none'}")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _complain(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _say(text: str, end: str = "\n") -> None:
    sys.stdout.write(text + end)
    sys.stdout.flush()
