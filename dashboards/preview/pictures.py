"""``python -m dashboards pictures``: start the platform, send it traffic, pause its service, and picture every dashboard."""

import argparse
import contextlib
import io
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from dashboards.preview.command import Order, draw
from dashboards.preview.platform import ROOT, Platform, PlatformError, platform
from dashboards.preview.prometheus import Prometheus, PrometheusError
from dashboards.preview.screenshot import ScreenshotError, chromium
from dashboards.preview.spans import receiver
from dashboards.preview.traffic import Traffic, read_flights

PICTURES = Path(__file__).parents[1] / "pictures"

_COLOURS = 256
_FASTER = "60"  # times: the objectives' windows
_SETTINGS = {  # so that minutes show what takes days
    "SCRAPE_SECONDS": "2",
    "LABEL_DUE_DAYS": "0.001",
    "DRIFT_SCHEDULE": "* * * * *",
    "DRIFT_STEP_HOURS": "0",
}
_INCIDENT = 25.0  # seconds


@dataclass(frozen=True)
class Scene:
    """Minutes of traffic before the incident and after it."""

    before: float
    after: float


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the room's."""
    parser = commands.add_parser(
        "pictures", help="picture the dashboards of a platform that it starts and sends traffic"
    )
    parser.add_argument("--minutes", type=float, default=8.0, help="of traffic (default: %(default)s)")
    parser.add_argument("--out", metavar="FOLDER", type=Path, default=PICTURES, help="(default: %(default)s)")
    parser.set_defaults(run=run)
    parser.add_argument("--keep", metavar="FOLDER", type=Path, help="keep the pages and the platform's state here")


def run(options: argparse.Namespace) -> int:
    """Run the command; 0, or 1 with what is wrong on standard error."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what ends this command ends the platform too
    scene = Scene(options.minutes * 0.55, options.minutes * 0.45)
    try:
        chromium()
        with tempfile.TemporaryDirectory(prefix="pictures-") as temporary:
            folder = options.keep or Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            failures = _pictures(folder, options.out, scene)
    except KeyboardInterrupt:
        _say("Stopped, and the platform with it")
        return 1
    except (PlatformError, PrometheusError, ScreenshotError, ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if failures:
        sys.stderr.write("\n".join((*failures, "")))
    return 1 if failures else 0


def _pictures(folder: Path, out: Path, scene: Scene) -> list[str]:
    objectives = folder / "slo"
    settings = {"RULES_DIR": str(objectives / "rules"), **_SETTINGS}
    _say("Starting the platform")
    _generate(objectives)
    with receiver() as spans, platform(folder, OTLP_ENDPOINT=spans, **settings) as running:
        began = time.time()
        _play(running, scene)
        order = Order((), time.time() - began + 10, folder / "pages", {}, pictures=True)
        pages = draw(order, Prometheus(running.prometheus))
    out.mkdir(parents=True, exist_ok=True)
    for page in pages:
        made = out / f"{page.name}.png"
        reduce_colours(folder / "pages" / made.name, made)
        _say(f"{made}: {made.stat().st_size / 1000:.0f} kB")
    return [f"{page.name}: {failure}" for page in pages for failure in page.failures]


def _generate(made: Path) -> None:
    from slo.__main__ import main

    with contextlib.redirect_stdout(io.StringIO()):
        code = main(["generate", "--out", str(made), "--faster", _FASTER])
    if code:
        raise PlatformError("the shortened rules could not be made")


def _play(running: Platform, scene: Scene) -> None:
    """Traffic; a service that hangs for a while; then fewer flights to other countries."""
    flights = read_flights(ROOT / "model-files" / "flight-counts.csv")
    part = {"I": 4, "N": 1}
    fewer = [(one, flown // part[one["TIPOVUELO"]], late // part[one["TIPOVUELO"]]) for one, flown, late in flights]
    port, key = running.ports["GATEWAY_PORT"], running.key
    with Traffic(port, key, flights).flowing():
        _wait(scene.before * 60, "Traffic")
        _say(f"The service hangs for {_INCIDENT:.0f} s")
        with running.service_paused():
            time.sleep(_INCIDENT)
    with Traffic(port, key, [one for one in fewer if one[1]]).flowing():
        _wait(scene.after * 60, "Traffic with fewer international flights")


def _wait(seconds: float, what: str) -> None:
    _say(f"{what}: {seconds:.0f} s")
    time.sleep(seconds)


def reduce_colours(source: Path, target: Path) -> None:
    """Write a picture with its most frequent colours alone, which keeps its grounds as they are, and a third of its bytes."""
    from PIL import Image

    with Image.open(source) as opened:
        picture = opened.convert("RGB")
    counted = sorted(picture.getcolors(picture.width * picture.height) or (), reverse=True)
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for _, colour in counted[:_COLOURS] for part in cast("tuple[int, ...]", colour)])
    picture.quantize(palette=palette, dither=Image.Dither.NONE).save(target, optimize=True)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
