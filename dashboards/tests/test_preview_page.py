"""Pages, and the command that makes them."""

import json
import random
import re
import struct
from pathlib import Path
from typing import Any

import pytest

from dashboards.__main__ import main
from dashboards.preview.command import GENERATED, Order, draw
from dashboards.preview.page import Page, draw_page, index
from dashboards.preview.pictures import PICTURES, reduce_colours
from dashboards.preview.prometheus import PrometheusError, UnreachableError
from dashboards.preview.traffic import Traffic
from dashboards.tests.canned import PERIOD, Canned, board, raw_panel, samples

LIVE = Canned({"up": [samples(1.0, 1.0, job="service")], "broken(": PrometheusError("parse error: unclosed")})
EVIL = "</script><script>alert(1)</script>"


def page(*panels: dict[str, Any], source: Canned = LIVE, **more: Any) -> Page:
    """A page of these panels."""
    made = board(*panels, **more)
    return draw_page(made, source, PERIOD, {}, {made.uid: made})


def test_every_panel_says_what_became_of_it() -> None:
    """Drawn, without data, or failed; one that fails leaves the others as they are, and is counted."""
    made = page(
        raw_panel("row", title="Now"),
        raw_panel("timeseries", {"expr": "up"}),
        raw_panel("stat", {"expr": "nothing"}),
        raw_panel("stat", {"expr": "broken("}, title="Broken"),
        raw_panel("geomap", {"expr": "up"}, title="Map"),
    )
    assert sorted(piece.state for piece in made.pieces) == ["drawn", "empty", "failed", "failed", "row"]
    assert made.failures == ("Broken: parse error: unclosed", "Map: the preview draws no panel of kind geomap")
    assert made.said() == "4 panels, 1 without data, 2 failed"
    html = made.html()
    assert "parse error: unclosed" in html
    assert html.count('data-state="failed"') == 2
    assert html.count("no data") == 1


def test_a_page_needs_nothing_from_elsewhere() -> None:
    """Plotly is in it, once; it asks for no other file, and its own policy forbids that anything does."""
    html = page(raw_panel("timeseries", {"expr": "up"}), raw_panel("timeseries", {"expr": "up"})).html()
    assert html.count("plotly.js v") == 1
    own = re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
    assert re.findall(r'(?:src|href)="(?!data:)[^"]*"', own) == []
    assert "default-src 'none'" in own


def test_nothing_that_is_shown_is_taken_for_html() -> None:
    """Titles, descriptions, names of series, values of labels and errors."""
    source = Canned({"up": [samples(1.0, job=EVIL)], "bad": PrometheusError(EVIL)})
    named = {"expr": "up", "legendFormat": "{{job}}"}
    kinds = ("timeseries", "stat", "bargauge", "gauge", "state-timeline", "table")
    panels = [raw_panel(kind, named, named, title=EVIL, description=EVIL) for kind in kinds]
    html = page(*panels, raw_panel("stat", {"expr": "bad"}), source=source, description=EVIL).html()
    assert EVIL not in html
    assert "alert(1)" in html


def test_figures_are_json_that_a_browser_reads() -> None:
    """What is unknown is null: NaN would stop the whole page."""
    source = Canned({"up": [samples(1.0, float("nan"), 2.0)]})
    html = page(raw_panel("timeseries", {"expr": "up"}), source=source).html()
    (figure,) = re.findall(r'<script type="application/json" id="figure-1">(.*?)</script>', html, re.DOTALL)

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    assert json.loads(figure, parse_constant=refuse)["data"][0]["y"] == [1.0, None, 2.0]


def test_annotations_that_fail_are_counted() -> None:
    """The panels are drawn without them."""
    listed = {"list": [{"name": "Alerts", "expr": "broken(", "step": "5s"}]}
    made = page(raw_panel("timeseries", {"expr": "up"}), annotations=listed)
    assert made.failures == ("annotations: parse error: unclosed",)
    assert [piece.state for piece in made.pieces] == ["drawn"]


def test_the_index_leads_to_every_page() -> None:
    """With its picture where there is one."""
    made = page(raw_panel("stat", {"expr": "up"}))
    assert '<a href="board.html">A board</a>' in index([made], [])
    assert "<img" not in index([made], [])
    assert 'src="board.png"' in index([made], ["board"])


def folder_of(tmp_path: Path, *panels: dict[str, Any]) -> Path:
    """A folder with one dashboard."""
    folder = tmp_path / "json"
    folder.mkdir()
    (folder / "board.json").write_text(json.dumps({"title": "A board", "uid": "board", "panels": panels}))
    return folder


def test_the_command_writes_a_page_each_and_an_index(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And says on the way what it made."""
    json_folder = folder_of(tmp_path, raw_panel("stat", {"expr": "up"}))
    (made,) = draw(Order((), 600, tmp_path / "out", {}, source=json_folder), LIVE)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"board.html", "index.html"}
    assert made.failures == ()
    assert "[1/1] board: 1 panels, 0 without data: " in capsys.readouterr().out


def test_what_can_not_be_drawn_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No such dashboard, no such variable, none at all, an odd duration: a word and exit code 1 or 2, no trace of Python."""
    json_folder = folder_of(tmp_path, raw_panel("stat", {"expr": "up"}))
    common = ("preview", "--out", str(tmp_path / "out"), "--json")
    assert main([*common, str(json_folder), "--dashboard", "nope"]) == 1
    assert capsys.readouterr().err == "there is no dashboard nope; there are: board\n"
    assert main([*common, str(json_folder), "--var", "moon=full"]) == 1
    assert capsys.readouterr().err == "--var moon: no such variable; there are: none\n"
    assert main([*common, str(tmp_path)]) == 1
    assert "there is no dashboard; `python -m dashboards build` makes them" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*common, str(json_folder), "--var", "moon"])
    with pytest.raises(SystemExit):
        main([*common, str(json_folder), "--from", "yesterday"])


class Gone(Canned):
    """No Prometheus."""

    def scrape_seconds(self) -> float:
        """Nobody answers."""
        raise UnreachableError("no Prometheus answers at http://here")


def test_no_prometheus_is_the_end(tmp_path: Path) -> None:
    """Not an error in each panel."""
    json_folder = folder_of(tmp_path, raw_panel("stat", {"expr": "up"}))
    with pytest.raises(UnreachableError, match="no Prometheus answers"):
        draw(Order((), 600, tmp_path / "out", {}, source=json_folder), Gone())


def test_a_picture_of_few_colours_is_the_same_picture(tmp_path: Path) -> None:
    """Its grounds are exactly what they were, the rest is close, and it is smaller."""
    image = pytest.importorskip("PIL.Image")
    noise = image.effect_noise((300, 300), 60)
    whole = image.new("RGB", (600, 300), "#181b1f")
    whole.paste(image.merge("RGB", (noise, noise.transpose(image.Transpose.ROTATE_90), noise)), (300, 0))
    whole.save(tmp_path / "whole.png")
    reduce_colours(tmp_path / "whole.png", tmp_path / "small.png")
    with image.open(tmp_path / "small.png") as small:
        assert (small.size, small.mode) == ((600, 300), "P")
        assert small.convert("RGB").getpixel((10, 10)) == (0x18, 0x1B, 0x1F)
    assert (tmp_path / "small.png").stat().st_size < (tmp_path / "whole.png").stat().st_size / 2


@pytest.mark.parametrize("name", [path.stem for path in sorted(GENERATED.glob("*.json"))])
def test_every_dashboard_is_pictured(name: str) -> None:
    """As wide as a page is, and small enough for a repository."""
    picture = (PICTURES / f"{name}.png").read_bytes()
    assert struct.unpack(">I", picture[16:20]) == (1400,)  # PNG's header chunk
    assert len(picture) < 400_000


def test_traffic_is_of_every_kind() -> None:
    """Right and wrong keys, addresses and paths; single flights and batches; input that does not fit; labels."""
    flight = {"OPERA": "Grupo LATAM", "TIPOVUELO": "N", "MES": 7}
    traffic = Traffic(1, "key", [(flight, 10, 2)])
    chance = random.Random(1)  # noqa: S311 - traffic
    calls = [traffic._next(chance) for _ in range(5000)]
    assert {call.key for call in calls} == {"right", "puerta_local_wrong", None}
    assert {call.source for call in calls} == {"127.0.0.1", "127.0.0.2"}
    assert {call.path for call in calls} >= {"/v1/predict", "/v1/labels", "/v1/models", "/v1/nowhere"}
    sizes = {len(call.body["instances"]) for call in calls if call.path == "/v1/predict"}
    assert {1, 400} <= sizes
    right = sum(call.key == "right" and call.source == "127.0.0.1" for call in calls)
    assert 0.9 < right / len(calls) < 1
