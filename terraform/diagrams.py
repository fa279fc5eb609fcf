"""The two pictures of README.md: what is deployed, and a request's way through it. Written as SVG, made anew by `diagrams`."""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

FOLDER: Final = Path(__file__).parent / "diagrams"

_FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
_INK, _QUIET, _LINE = "#1f2933", "#52606d", "#7b8794"
_TITLE, _TEXT = 14, 12  # px
_WIDEST = 0.62  # of the size: what a letter takes on average in the widest of these fonts


@dataclass(frozen=True)
class Box:
    """A rectangle with a title and lines below it; dashed where it is there only if it is wanted."""

    x: int
    y: int
    width: int
    height: int
    title: str
    lines: tuple[str, ...] = ()
    fill: str = "#ffffff"
    optional: bool = False
    frame: bool = False  # holds other boxes

    def fits(self) -> bool:
        """Whether its words stay inside, in any of the fonts."""
        title = len(self.title) * _TITLE * _WIDEST
        lines = [len(line) * _TEXT * _WIDEST for line in self.lines]
        return max([title, *lines]) <= self.width - 16 and 16 + _TITLE + 17 * len(self.lines) <= self.height

    def overlaps(self, other: "Box") -> bool:
        """Whether both cover some same spot."""
        beside = self.x + self.width <= other.x or other.x + other.width <= self.x
        above = self.y + self.height <= other.y or other.y + other.height <= self.y
        return not (beside or above)

    def svg(self) -> str:
        """Its elements."""
        dash = ' stroke-dasharray="6 4"' if self.optional else ""
        place = f'x="{self.x}" y="{self.y}" width="{self.width}" height="{self.height}"'
        parts = [
            f'<rect {place} rx="8" fill="{self.fill}" stroke="{_LINE}"{dash}/>',
            _text(self.x + 10, self.y + 8 + _TITLE, self.title, _TITLE, _INK, "600"),
        ]
        start = self.y + 8 + _TITLE
        parts += [_text(self.x + 10, start + 17 * (n + 1), line, _TEXT, _QUIET) for n, line in enumerate(self.lines)]
        return "\n".join(parts)


@dataclass(frozen=True)
class Arrow:
    """A line through some points with a head at its end, and words beside it."""

    points: tuple[tuple[int, int], ...]
    label: str = ""
    at: tuple[int, int] = (0, 0)
    anchor: str = "start"

    def svg(self) -> str:
        """Its elements."""
        path = "M" + " L".join(f"{x} {y}" for x, y in self.points)
        line = f'<path d="{path}" fill="none" stroke="{_QUIET}" stroke-width="1.5" marker-end="url(#head)"/>'
        return line + (f"\n{_text(*self.at, self.label, _TEXT, _INK, anchor=self.anchor)}" if self.label else "")


@dataclass(frozen=True)
class Picture:
    """A drawing: frames at the back, then boxes, then arrows."""

    width: int
    height: int
    title: str
    description: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]

    def svg(self) -> str:
        """The whole document. Its ground is white, so that it can be read on a dark page too."""
        shapes = "\n".join([*(box.svg() for box in self.boxes), *(arrow.svg() for arrow in self.arrows)])
        box = f"0 0 {self.width} {self.height}"
        return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" role="img" font-family="{_FONT}">
<!-- Made by `python -m terraform diagrams`. -->
<title>{escape(self.title)}</title>
<desc>{escape(self.description)}</desc>
<defs>
<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">
<path d="M0 0 L8 4 L0 8 z" fill="{_QUIET}"/>
</marker>
</defs>
<rect width="{self.width}" height="{self.height}" rx="12" fill="#ffffff"/>
{shapes}
</svg>
"""


def pictures() -> dict[str, Picture]:
    """Both, by file name."""
    return {"deployment.svg": _deployment(), "request.svg": _request()}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the command."""
    parser = commands.add_parser("diagrams", help="draw README.md's pictures")
    parser.add_argument("--check", action="store_true", help="write nothing; name those that are stale")
    parser.set_defaults(run=_run)


def stale() -> dict[Path, str]:
    """The pictures that are not what would be drawn, each with what it has to be."""
    made = {FOLDER / name: picture.svg() for name, picture in pictures().items()}
    return {file: svg for file, svg in made.items() if not file.exists() or file.read_text(encoding="utf-8") != svg}


def _run(options: argparse.Namespace) -> int:
    found = stale()
    for file, svg in found.items():
        if options.check:
            sys.stderr.write(f"{file}: not what is drawn; run `python -m terraform diagrams`\n")
        else:
            file.write_text(svg, encoding="utf-8")
            sys.stdout.write(f"wrote {file}\n")
    return 1 if options.check and found else 0


def _text(x: int, y: int, words: str, size: int, colour: str, weight: str = "400", anchor: str = "start") -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{colour}"'
        f' text-anchor="{anchor}">{escape(words)}</text>'
    )


def _deployment() -> Picture:
    """Every module, and who talks to whom."""
    project, runs, watches, keeps = "#f5f7fa", "#e3f8ff", "#fffbea", "#e3f9e5"
    boxes = (
        Box(
            205,
            20,
            890,
            520,
            "the project on Google Cloud: environments/dev or prod, module platform",
            (),
            project,
            frame=True,
        ),
        Box(205, 560, 890, 140, "bootstrap: once for each project", (), project, frame=True),
        Box(15, 205, 160, 70, "callers", ("with an API key,", "from their network")),
        Box(
            225,
            65,
            240,
            90,
            "edge",
            ("load balancer, certificate,", "Cloud Armor: networks, rate", "one address for all regions"),
            runs,
            optional=True,
        ),
        Box(
            225,
            195,
            240,
            110,
            "gateway",
            (
                "API Gateway: which paths,",
                "whose key, from where, how",
                "often; all of it rendered from",
                "gateway-config/policy.yaml",
            ),
            runs,
        ),
        Box(
            535,
            105,
            240,
            200,
            "service",
            ("Cloud Run, private: only the", "gateway's account may call"),
            runs,
            frame=True,
        ),
        Box(550, 175, 210, 36, "puerta: predictions", ()),
        Box(550, 217, 210, 36, "sidecar: metrics", (), "#ffffff", optional=True),
        Box(550, 259, 210, 36, "sidecar: traces", (), "#ffffff", optional=True),
        Box(
            835,
            105,
            240,
            125,
            "observability",
            (
                "Managed Prometheus; alerts and",
                "SLOs from slo/specs; uptime",
                "checks that expect a refusal;",
                "the gateway's logs as metrics;",
                "budget",
            ),
            watches,
        ),
        Box(835, 265, 240, 60, "grafana", ("the boards of dashboards/",), watches, optional=True),
        Box(
            225,
            400,
            240,
            110,
            "apis",
            ("the Google APIs that all of", "this calls, enabled;", "grants for keys of one's own"),
        ),
        Box(
            535,
            400,
            240,
            110,
            "prediction-log",
            ("log sink (or Pub/Sub) into", "BigQuery, by day:", "predictions, labels that", "came late"),
            keeps,
        ),
        Box(
            835,
            400,
            240,
            110,
            "drift-job",
            ("Cloud Scheduler, a job: drift,", "quality, labels; reports in a", "bucket, a console for people"),
            keeps,
            optional=True,
        ),
        Box(1135, 120, 145, 70, "on call", ("page, ticket,", "runbook")),
        Box(1135, 330, 145, 70, "analysts", ("boards, reports",)),
        Box(15, 595, 160, 90, "GitHub Actions", ("plan, build, apply,", "canary; without", "a key to lose")),
        Box(225, 600, 200, 85, "ci", ("workload identity: one", "account plans, another", "deploys")),
        Box(445, 600, 200, 85, "registry", ("images; tags never move,", "what runs is named", "by digest")),
        Box(665, 600, 200, 85, "models", ("packages that are not", "in the image, a folder", "for each version")),
        Box(885, 600, 190, 85, "state", ("versioned, private,", "never deleted by", "Terraform")),
    )
    arrows = (
        Arrow(((95, 205), (95, 110), (225, 110)), "own domain", (103, 103)),
        Arrow(((175, 240), (225, 240))),
        Arrow(((345, 155), (345, 195))),
        Arrow(((465, 240), (535, 240)), "identity", (500, 216), "middle"),
        Arrow(((465, 240), (535, 240)), "token", (500, 231), "middle"),
        Arrow(((655, 305), (655, 400)), "standard output", (662, 358)),
        Arrow(((775, 170), (835, 170))),
        Arrow(((955, 230), (955, 265)), "PromQL", (962, 252)),
        Arrow(((775, 455), (835, 455))),
        Arrow(((1075, 155), (1135, 155))),
        Arrow(((1205, 330), (1205, 295), (1075, 295))),
        Arrow(((1205, 400), (1205, 455), (1075, 455))),
        Arrow(((175, 640), (225, 640))),
        Arrow(((795, 600), (795, 285), (775, 285))),
        Arrow(((500, 600), (500, 285), (535, 285))),
    )
    return Picture(
        1300,
        720,
        "What is deployed",
        "Callers reach the gateway with their key, directly or through the edge. The gateway alone may call the service on Cloud"
        " Run, whose standard output goes to the prediction log in BigQuery; the drift job reads that each day and writes"
        " reports. Sidecars bring metrics and traces to observability, which alerts; Grafana shows them. Bootstrap makes what"
        " has to be there before: state, registry, models and the identity of GitHub Actions.",
        boxes,
        arrows,
    )


def _request() -> Picture:
    """Five stations of one prediction, what each of them checks, and how it refuses."""
    stations = (
        ("caller", ("POST /v1/predict", "x-api-key: ...", "over TLS"), (), "#ffffff"),
        (
            "edge (if there is one)",
            ("TLS ends here", "network on the list?", "not too many from", "this address?"),
            ("403 not on the list", "429 too often"),
            "#e3f8ff",
        ),
        (
            "API Gateway",
            ("is there such a path?", "a key? a right one?", "for this API, from this", "address, in its quota?"),
            ("404, 405 no such path", "401 no key, 400 wrong", "403 not from there", "429 quota"),
            "#e3f8ff",
        ),
        (
            "Cloud Run",
            ("identity token of the", "gateway's account for", "this very service?", "an instance is free"),
            ("403 anybody else", "429 no instance"),
            "#e3f8ff",
        ),
        (
            "service",
            ("decode, validate", "predict (ONNX)", "event to standard output", "answer, then the metrics"),
            ("422 what, where, why", "429, 503 too busy"),
            "#e3f9e5",
        ),
    )
    boxes: list[Box] = []
    arrows: list[Arrow] = []
    for number, (title, does, refuses, fill) in enumerate(stations):
        x = 20 + 256 * number
        boxes.append(Box(x, 30, 216, 110, title, does, fill))
        if number:
            arrows.append(Arrow(((x - 40, 75), (x, 75))))
        if refuses:
            boxes.append(Box(x, 190, 216, 110, "refuses with", refuses, "#ffeeee"))
            arrows.append(Arrow(((x + 108, 140), (x + 108, 190))))
    after = (
        ("at once: the answer", ("200, the prediction and", "its id, the same way back")),
        ("within seconds: the log", ("Cloud Logging's sink", "writes it to BigQuery")),
        ("every 30 s: metrics", ("to Managed Prometheus;", "alerts, SLOs, Grafana")),
        ("the next night: drift", ("reports from events and", "labels that have come")),
    )
    for number, (title, lines) in enumerate(after):
        x = 276 + 256 * number
        boxes.append(Box(x, 350, 216, 76, title, lines, "#fffbea"))
    arrows.append(Arrow(((1260, 85), (1272, 85), (1272, 335), (128, 335), (128, 140))))
    return Picture(
        1290,
        446,
        "One request's way",
        "A caller's prediction passes the edge, API Gateway, Cloud Run's own access check and the service. Each refuses in its"
        " own way what it does not let through. The answer goes back the same way at once; seconds later the event is in"
        " BigQuery, metrics follow every 30 seconds, drift reports the next night.",
        tuple(boxes),
        tuple(arrows),
    )
