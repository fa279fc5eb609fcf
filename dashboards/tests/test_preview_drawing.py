"""What each kind of panel becomes."""

import math
from typing import Any

import pytest

from dashboards.preview.answers import Answer, Mark, Series
from dashboards.preview.colours import MUTED, NAMED
from dashboards.preview.drawing import heatmap, statetimeline, timeseries
from dashboards.preview.drawing.drawing import Drawing, shapes
from dashboards.preview.drawing.panel import draw
from dashboards.preview.links import Links
from dashboards.preview.model import Panel
from dashboards.preview.prometheus import Exemplar, Samples
from dashboards.preview.variables import Scope
from dashboards.tests.canned import PERIOD, answered, only, panel, samples

STEPS = {"steps": [{"value": None, "color": "green"}, {"value": 5, "color": "red"}]}
ONE = {"expr": "a", "legendFormat": "{{name}}"}
LINKS = Links(Scope(), {"puerta-slo-detail": "slo-detail.html"})
CHARTS = ["timeseries", "heatmap", "state-timeline"]
KINDS = [*CHARTS, "stat", "gauge", "bargauge", "table"]


def drawn(panel: Panel, *found: Samples, **more: Any) -> Drawing:
    """The panel when its one query gives these series."""
    return draw(panel, answered(panel, found, **more), LINKS)


def lines(drawing: Drawing) -> list[dict[str, Any]]:
    """The traces of a chart."""
    assert drawing.figure is not None
    traces: list[dict[str, Any]] = drawing.figure["data"]
    return traces


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("found", [(), (samples(math.nan, math.nan, le="1.0"),)], ids=["nothing", "NaN"])
def test_what_nobody_knows_is_no_data(kind: str, found: tuple[Samples, ...]) -> None:
    """Whatever kind of panel: marked as empty, with the panel's own word, and no healthy colour anywhere."""
    rules = {"defaults": {"thresholds": STEPS, "noValue": "nobody knows"}}
    drawing = drawn(panel(kind, ONE, fieldConfig=rules), *found)
    assert drawing.empty
    assert "nobody knows" in repr(drawing)
    if kind != "gauge":  # its thresholds stand around it whatever it shows
        assert NAMED["green"] not in repr(drawing)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_known_is_not_empty(kind: str) -> None:
    """A zero is a value."""
    drawing = drawn(panel(kind, ONE), samples(0.0, 1.0, le="1.0"))
    assert not drawing.empty
    assert (drawing.figure is not None) == (kind in CHARTS)


def test_lines_break_where_nothing_is_known() -> None:
    """At NaN and at a missing sample; times are milliseconds."""
    one = panel("timeseries", ONE)
    missing = Samples({}, (PERIOD.start, PERIOD.start + 50), (1.0, 2.0))
    assert lines(drawn(one, samples(1, math.nan, 3)))[0]["y"] == [1, None, 3]
    assert lines(drawn(one, missing))[0]["y"] == [1, None, 2]
    assert lines(drawn(one, missing))[0]["x"][0] == PERIOD.start * 1000
    joined = panel("timeseries", ONE, fieldConfig={"defaults": {"custom": {"spanNulls": True}}})
    assert lines(drawn(joined, missing))[0]["y"] == [1, 2]


def test_stacks_break_together() -> None:
    """One trace a series and time without a gap; each is stacked on those of its own time, and nothing fills the gap."""
    custom = {"stacking": {"mode": "normal", "group": "A"}, "fillOpacity": 20}
    one = panel("timeseries", ONE, fieldConfig={"defaults": {"custom": custom}})
    times = tuple(PERIOD.start + second for second in (0, 5, 100, 105))
    found = (Samples({"name": "a"}, times, (1, 2, 3, 4)), Samples({"name": "b"}, times, (1, 1, 1, 1)))
    drawing = drawn(one, *found)
    assert [(trace["name"], trace["y"]) for trace in lines(drawing)] == [
        ("a", [1, 2]),
        ("a", [3, 4]),
        ("b", [1, 1]),
        ("b", [1, 1]),
    ]
    groups = [trace["stackgroup"] for trace in lines(drawing)]
    assert groups[:2] == groups[2:]
    assert groups[0] != groups[1]
    assert [entry.traces for entry in drawing.content["legend"]] == [(0, 1), (2, 3)]
    top = drawing.figure["layout"]["yaxis"]["range"][1] if drawing.figure else 0
    assert top > 5, "the axis has to reach over the stack"


def test_a_stacked_series_is_drawn_only_where_it_is() -> None:
    """One that comes for a while is no line at zero before and after; the others go on below it."""
    custom = {"stacking": {"mode": "normal", "group": "A"}, "fillOpacity": 20}
    one = panel("timeseries", ONE, fieldConfig={"defaults": {"custom": custom}})
    always = samples(1, 1, 1, 1, 1, name="200")
    outage = Samples({"name": "503"}, always.times[2:3], (9.0,))
    traces = lines(drawn(one, always, outage))
    seconds = [(trace["name"], [time / 1000 - PERIOD.start for time in trace["x"]]) for trace in traces]
    assert seconds == [("200", [0, 5, 10]), ("200", [10, 15]), ("200", [15, 20]), ("503", [10])]
    assert traces[3]["stackgroup"] == traces[1]["stackgroup"]


def test_units_that_differ_have_axes_of_their_own() -> None:
    """Each with ticks in its unit, on the side that the panel asks for."""
    rules = {
        "defaults": {"unit": "s"},
        "overrides": [
            {
                "matcher": {"id": "byName", "options": "b"},
                "properties": [
                    {"id": "unit", "value": "percentunit"},
                    {"id": "custom.axisPlacement", "value": "right"},
                ],
            }
        ],
    }
    drawing = drawn(panel("timeseries", ONE, fieldConfig=rules), samples(0.1, 0.3, name="a"), samples(0.5, name="b"))
    assert drawing.figure is not None
    first, second = (drawing.figure["layout"][name] for name in ("yaxis", "yaxis2"))
    assert [trace["yaxis"] for trace in lines(drawing)] == ["y", "y2"]
    assert "100 ms" in first["ticktext"]
    assert (second["side"], second["overlaying"]) == ("right", "y")
    assert "50%" in second["ticktext"]


def test_thresholds_are_lines_or_areas() -> None:
    """As the panel asks; those beyond the axis are not drawn."""
    style: dict[str, Any] = {"thresholds": STEPS, "max": 10, "custom": {"thresholdsStyle": {"mode": "line+area"}}}
    drawing = drawn(panel("timeseries", ONE, fieldConfig={"defaults": style}), samples(1.0, 7.0))
    assert drawing.figure is not None
    drawn_shapes = drawing.figure["layout"]["shapes"]
    assert [shape["type"] for shape in drawn_shapes] == ["rect", "rect", "line"]
    assert (drawn_shapes[2]["y0"], drawn_shapes[2]["line"]["color"]) == (5, NAMED["red"])
    off = drawn(panel("timeseries", ONE, fieldConfig={"defaults": {"thresholds": STEPS}}), samples(1.0, 7.0))
    assert off.figure is not None
    assert off.figure["layout"]["shapes"] == []


def test_colours_of_series() -> None:
    """By the palette in order, fixed, or by the last value's threshold."""
    plain = drawn(
        panel("timeseries", ONE, fieldConfig={"defaults": {"color": {"mode": "palette-classic"}}}),
        samples(1),
        samples(2),
    )
    assert [trace["line"]["color"] for trace in lines(plain)] == [NAMED["green"], NAMED["semi-dark-yellow"]]
    fixed = {"color": {"mode": "fixed", "fixedColor": "purple"}}
    assert (
        lines(drawn(panel("timeseries", ONE, fieldConfig={"defaults": fixed}), samples(1)))[0]["line"]["color"]
        == NAMED["purple"]
    )
    judged = {"color": {"mode": "thresholds"}, "thresholds": STEPS}
    assert (
        lines(drawn(panel("timeseries", ONE, fieldConfig={"defaults": judged}), samples(1, 9)))[0]["line"]["color"]
        == NAMED["red"]
    )


def test_a_legend_may_be_a_table() -> None:
    """With what was calculated, in the series' unit."""
    options = {"legend": {"displayMode": "table", "calcs": ["mean", "max"], "showLegend": True, "placement": "right"}}
    drawing = drawn(
        panel("timeseries", ONE, options=options, fieldConfig={"defaults": {"unit": "s"}}), samples(1, 3, name="a")
    )
    assert (drawing.content["table"], drawing.content["right"]) == (["Mean", "Max"], True)
    assert [(entry.name, entry.values) for entry in drawing.content["legend"]] == [("a", ("2 s", "3 s"))]
    none = drawn(panel("timeseries", ONE, options={"legend": {"showLegend": False}}), samples(1))
    assert none.content["legend"] == []


def test_a_logarithmic_axis_has_powers_of_ten() -> None:
    """Its range is in logarithms, as Plotly wants it."""
    custom = {"scaleDistribution": {"type": "log", "log": 10}}
    drawing = drawn(
        panel("timeseries", ONE, fieldConfig={"defaults": {"unit": "s", "custom": custom}}), samples(0.002, 0.5)
    )
    assert drawing.figure is not None
    axis = drawing.figure["layout"]["yaxis"]
    assert (axis["type"], axis["ticktext"]) == ("log", ["1 ms", "10 ms", "100 ms"])
    assert axis["range"][0] == -3


def test_exemplars_are_points() -> None:
    """In a time series where they are, in a heatmap inside their bucket; their labels are told."""
    seen = [Exemplar(PERIOD.start + 10, 0.3, {"trace_id": "abc"}, {})]
    series = drawn(panel("timeseries", ONE | {"exemplar": True}), samples(1.0), exemplars=seen)
    assert lines(series)[-1]["y"] == [0.3]
    assert "abc" in lines(series)[-1]["text"][0]
    buckets = (samples(1.0, le="0.1"), samples(2.0, le="0.5"), samples(3.0, le="+Inf"))
    heat = drawn(panel("heatmap", ONE | {"exemplar": True}), *buckets, exemplars=seen)
    assert lines(heat)[-1]["y"] == [pytest.approx(1.0)]


def test_a_heatmap_takes_cumulative_buckets_apart() -> None:
    """From below by their bound, whatever order they come in; an empty cell is left out."""
    found = (samples(9, 9, le="+Inf"), samples(3, 4, le="0.1"), samples(3, 9, le="0.4"))
    drawing = drawn(panel("heatmap", ONE, options={"color": {"scale": "linear"}, "yAxis": {"unit": "s"}}), *found)
    assert lines(drawing)[0]["z"] == [[3, 4], [None, 5], [6, None]]
    assert drawing.figure is not None
    assert drawing.figure["layout"]["yaxis"]["ticktext"] == ["100 ms", "400 ms", "∞"]
    with pytest.raises(ValueError, match="no label le"):
        drawn(panel("heatmap", ONE), samples(1.0, name="a"))


def test_a_heatmap_is_empty_where_nothing_is_known() -> None:
    """The cell before a gap is no wider than others."""
    times = (0.0, 5.0, 30.0, 35.0)
    found = [Samples({"le": bound}, times, (1.0, 1.0, 1.0, 1.0)) for bound in ("0.5", "+Inf")]
    (heat,) = lines(drawn(panel("heatmap", ONE), *found))
    assert heat["x"] == [1000 * time for time in (0, 5, 10, 25, 30, 35)]
    assert heat["z"][0] == [1, 1, None, None, 1, 1]


def test_a_heatmap_of_nothing_is_no_missing_data() -> None:
    """That nothing was slow is known: its cells are empty, and the panel does not say that there is no data."""
    none = drawn(panel("heatmap", ONE), Samples({"le": "+Inf"}, (0.0, 5.0), (0.0, 0.0)))
    assert not none.empty
    assert drawn(panel("heatmap", ONE), Samples({"le": "+Inf"}, (0.0, 5.0), (math.nan, math.nan))).empty


def test_places_on_a_heatmap() -> None:
    """A bound is the upper edge of its bucket."""
    bounds = [0.1, 0.4, math.inf]
    assert [heatmap.place(value, bounds) for value in (0.0, 0.1, 0.25, 0.4, 7.0)] == [
        -0.5,
        0.5,
        pytest.approx(1.0),
        1.5,
        2.0,
    ]


def stated(*values: float) -> Series:
    """A series of a state timeline: 0 is down, 1 is up."""
    mapping = {"0": {"text": "down", "color": "red"}, "1": {"text": "up", "color": "green"}}
    rules = {"defaults": {"mappings": [{"type": "value", "options": mapping}]}}
    return only(answered(panel("state-timeline", ONE, fieldConfig=rules), [samples(*values, name="service")]))


def test_states_run_from_when_to_when() -> None:
    """Equal ones are one; NaN is a gap."""
    runs = [
        (begin - PERIOD.start, end - PERIOD.start, shown.text)
        for begin, end, shown in statetimeline.runs(stated(1, 1, 0, math.nan, 0))
    ]
    assert runs == [(0, 10, "up"), (10, 15, "down"), (20, 25, "down")]


def test_a_state_timeline_has_a_line_a_series() -> None:
    """Bars of one height, in the colours of the states."""
    series = stated(1, 0)
    drawing = statetimeline.draw(panel("state-timeline", ONE), Answer(PERIOD, (series,)))
    assert [(trace["name"], trace["marker"]["color"]) for trace in lines(drawing)] == [
        ("up", NAMED["green"]),
        ("down", NAMED["red"]),
    ]
    assert {trace["width"] for trace in lines(drawing)} == {0.9}


def test_a_stat_shows_its_value_in_the_thresholds_colour() -> None:
    """As ink, or as ground with ink that can be read on it; names are shown where there are several."""
    rules = {"defaults": {"thresholds": STEPS, "unit": "percentunit"}}
    options = {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value"}
    (tile,) = drawn(panel("stat", ONE, fieldConfig=rules, options=options), samples(0.1, 9.0, name="a")).content[
        "tiles"
    ]
    assert (tile.shown.text, tile.ink, tile.background, tile.name) == ("900%", NAMED["red"], "", "")
    assert tile.curve, "there has to be a curve behind it"
    solid = panel(
        "stat", ONE, fieldConfig=rules, options=options | {"colorMode": "background_solid", "graphMode": "none"}
    )
    first, second = drawn(solid, samples(1.0, name="a"), samples(math.nan, name="b")).content["tiles"]
    assert (first.background, first.name, first.curve) == (NAMED["green"], "a", "")
    assert (second.background, second.shown.text) == (MUTED, "no data")


def test_a_gauge_is_filled_by_its_part() -> None:
    """And not at all where nothing is known; the thresholds stand around it."""
    rules = {"defaults": {"thresholds": STEPS, "min": 0, "max": 10}}
    (dial,) = drawn(panel("gauge", ONE, fieldConfig=rules), samples(5.0)).content["dials"]
    assert [colour for _, colour in dial.steps] == [NAMED["green"], NAMED["red"]]
    assert dial.filled.endswith("100.0,22.0"), "half of it ends at the top"
    (unknown,) = drawn(panel("gauge", ONE, fieldConfig=rules)).content["dials"]
    assert (unknown.filled, unknown.shown.text) == ("", "no data")


def test_bars_are_parts_of_the_most() -> None:
    """Of the field's, or of the longest one."""
    found = (samples(2.0, name="a"), samples(4.0, name="b"), samples(math.nan, name="c"))
    bars = drawn(panel("bargauge", ONE), *found).content["bars"]
    assert [(bar.name, bar.part, bar.shown.text) for bar in bars] == [
        ("a", 50, "2"),
        ("b", 100, "4"),
        ("c", 0, "no data"),
    ]
    most = drawn(panel("bargauge", ONE, fieldConfig={"defaults": {"max": 8}}), *found).content["bars"]
    assert [bar.part for bar in most] == [25, 50, 0]


def test_text_is_taken_for_text() -> None:
    """Headings, points and paragraphs; nothing else of Markdown."""
    drawing = drawn(panel("text", ONE, options={"content": "# Head\n\n- a `point`\nwords <b>"}))
    assert drawing.content["blocks"] == [("h4", "Head"), ("li", "a point"), ("p", "words <b>")]


def test_a_kind_that_is_not_known_is_said() -> None:
    """Rather than left empty."""
    with pytest.raises(ValueError, match="kind geomap"):
        drawn(panel("geomap", ONE), samples(1.0))


def test_marks_that_overlap_are_one() -> None:
    """Many alerts at once are no redder than one."""
    found = [Mark("Alerts", 0, 10, "a", "red"), Mark("Alerts", 5, 20, "b", "red"), Mark("Restarts", 3, 3, "c", "blue")]
    assert [(shape["type"], shape["x0"], shape["x1"]) for shape in shapes(found)] == [
        ("rect", 0, 20_000),
        ("line", 0, 0),
        ("line", 3000, 3000),
    ]
    assert timeseries.draw(panel("timeseries", ONE), Answer(PERIOD, (), (), tuple(found))).empty


@pytest.mark.parametrize(
    ("custom", "expected"),
    [
        ({"drawStyle": "bars"}, {"type": "bar"}),
        ({"drawStyle": "points"}, {"type": "scatter", "mode": "markers"}),
        ({"showPoints": "always"}, {"mode": "lines+markers"}),
        ({"transform": "negative-Y"}, {"y": [-1.0, -3.0]}),
        ({"fillOpacity": 30}, {"fill": "tozeroy"}),
        ({"stacking": {"mode": "percent"}}, {"groupnorm": "fraction"}),
        ({"hideFrom": {"legend": True}}, {"mode": "lines"}),
    ],
)
def test_how_a_series_is_drawn(custom: dict[str, Any], expected: dict[str, Any]) -> None:
    """Bars, points, turned over, filled, as parts of the whole; hidden from the legend or from the chart."""
    drawing = drawn(panel("timeseries", ONE, fieldConfig={"defaults": {"custom": custom}}), samples(1.0, 3.0))
    (trace,) = lines(drawing)
    assert trace.items() >= expected.items()
    assert bool(drawing.content["legend"]) != bool(custom.get("hideFrom"))
    hidden = {"defaults": {"custom": custom | {"hideFrom": {"viz": True}}}}
    assert lines(drawn(panel("timeseries", ONE, fieldConfig=hidden), samples(1.0, 3.0))) == []


def test_tiles_stand_as_the_panel_asks() -> None:
    """Side by side, one above the other, or as there is room."""
    found = [samples(float(number), name=str(number)) for number in range(4)]
    columns = [
        drawn(panel("stat", ONE, options={"orientation": orientation}), *found).content["columns"]
        for orientation in ("vertical", "horizontal", "auto")
    ]
    assert columns == [4, 1, 2]


def test_an_axis_ends_where_the_field_says() -> None:
    """However far beyond it the values are: -100 to 100 % is not squeezed by an outage of -10,000 %."""
    rules = {"defaults": {"min": -1, "unit": "percentunit"}}
    drawing = drawn(panel("timeseries", ONE, fieldConfig=rules), samples(1.0, -100.0))
    assert drawing.figure is not None
    low, high = drawing.figure["layout"]["yaxis"]["range"]
    assert low == -1
    assert 1 < high < 1.3
