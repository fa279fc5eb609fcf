"""Dashboards as their JSON has them."""

import json
from pathlib import Path

import pytest

from dashboards.preview.model import Grid, ModelError, read_dashboard
from dashboards.tests.canned import board, raw_panel

GENERATED = Path(__file__).parents[1] / "generated"


@pytest.mark.parametrize("path", sorted(GENERATED.glob("*.json")), ids=lambda path: path.stem)
def test_every_committed_dashboard_can_be_read(path: Path) -> None:
    """With every panel that its JSON has, and none above another one."""
    read = read_dashboard(path)
    assert len(read.panels) == sum(1 + len(one.get("panels") or ()) for one in json.loads(path.read_text())["panels"])
    taken = [
        (x, y)
        for panel in read.panels
        for x in range(panel.grid.x, panel.grid.x + panel.grid.width)
        for y in range(panel.grid.y, panel.grid.y + panel.grid.height)
    ]
    assert len(taken) == len(set(taken))


def test_panels_move_up_while_there_is_room() -> None:
    """As Grafana lays them out; a row lets nothing past it."""
    places = [(0, 0, 12, 8), (12, 0, 12, 4), (12, 9, 12, 4), (0, 20, 24, 1), (0, 30, 6, 2)]
    panels = [raw_panel("stat", gridPos=dict(zip("xywh", place, strict=True))) for place in places]
    assert [panel.grid.y for panel in board(*panels).panels] == [0, 0, 4, 8, 9]


def test_a_closed_row_is_opened() -> None:
    """What is in it follows it, and what stood below moves down."""
    inside = raw_panel("stat", gridPos={"x": 0, "y": 1, "w": 24, "h": 5})
    closed = raw_panel("row", gridPos={"x": 0, "y": 0, "w": 24, "h": 1}, collapsed=True, panels=[inside])
    below = raw_panel("row", gridPos={"x": 0, "y": 1, "w": 24, "h": 1})
    assert [(panel.kind, panel.grid.y) for panel in board(closed, below).panels] == [
        ("row", 0),
        ("stat", 1),
        ("row", 6),
    ]


def test_hidden_queries_are_left_out() -> None:
    """They are not drawn by Grafana either."""
    (panel,) = board(raw_panel("stat", {"refId": "A", "expr": "a", "hide": True}, {"refId": "B", "expr": "b"})).panels
    assert [target.expr for target in panel.targets] == ["b"]
    assert panel.grid == Grid(0, 0, 12, 8)


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"title": "no panels"}', '{"title": "x", "panels": [{"title": "no type"}]}']
)
def test_what_is_no_dashboard_is_said(tmp_path: Path, text: str) -> None:
    """With the file's name."""
    path = tmp_path / "odd.json"
    path.write_text(text)
    with pytest.raises(ModelError, match="odd.json"):
        read_dashboard(path)
