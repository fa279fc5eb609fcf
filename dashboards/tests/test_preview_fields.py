"""What a value's words and colours are."""

import math

import pytest

from dashboards.preview import colours
from dashboards.preview.colours import MUTED, NAMED, Step, Thresholds
from dashboards.preview.fields import Field, FieldRules, ValueMapping
from dashboards.preview.pattern import pattern

STEPS = {
    "mode": "absolute",
    "steps": [{"value": None, "color": "gray"}, {"value": 0, "color": "green"}, {"value": 5, "color": "red"}],
}
MAPPINGS = [
    {"type": "value", "options": {"1": {"text": "up", "color": "green"}, "0": {"text": "down", "color": "red"}}},
    {"type": "range", "options": {"from": 10, "to": None, "result": {"text": "many"}}},
    {"type": "special", "options": {"match": "null+nan", "result": {"text": "unknown", "color": "#808080"}}},
    {"type": "regex", "options": {"pattern": "/^a/", "result": {"text": "an a", "color": "blue"}}},
]


def test_a_threshold_colours_from_its_value_on() -> None:
    """The last step that was reached; below all of them the base."""
    own = FieldRules({"thresholds": STEPS}).of()
    assert [own.show(value).colour for value in (-1.0, 0.0, 4.9, 5.0)] == [
        NAMED["gray"],
        NAMED["green"],
        NAMED["green"],
        NAMED["red"],
    ]


def test_thresholds_in_percent_are_of_the_way_from_least_to_most() -> None:
    """80 % of 0 to 50 is 40."""
    thresholds = Thresholds((Step(-math.inf, "green"), Step(80, "red")), percentage=True)
    assert thresholds.colour(39.9, 0, 50) == NAMED["green"]
    assert thresholds.colour(40, 0, 50) == NAMED["red"]


@pytest.mark.parametrize(
    ("value", "text", "colour"),
    [
        (1.0, "up", NAMED["green"]),
        (0.0, "down", NAMED["red"]),
        (12.0, "many", NAMED["red"]),
        (3.0, "3", NAMED["green"]),
        (None, "unknown", "#808080"),
        (math.nan, "unknown", "#808080"),
        ("abc", "an a", NAMED["blue"]),
        ("xyz", "xyz", colours.TEXT),
    ],
)
def test_a_mapping_goes_before_unit_and_threshold(value: float | str | None, text: str, colour: str) -> None:
    """By value, range, special value and regular expression; without a colour of its own the threshold's stays."""
    own = FieldRules({"thresholds": STEPS, "mappings": MAPPINGS}).of()
    shown = own.show(value)
    assert (shown.text, shown.colour) == (text, colour)
    assert shown.known == (value is not None and value == value)  # noqa: PLR0124 - NaN


@pytest.mark.parametrize("value", [None, math.nan])
def test_what_nobody_knows_has_no_healthy_colour(value: float | None) -> None:
    """Even where the only step is green."""
    own = FieldRules({"thresholds": {"steps": [{"value": None, "color": "green"}]}, "noValue": "nothing"}).of()
    shown = own.show(value)
    assert (shown.text, shown.colour, shown.known) == ("nothing", MUTED, False)


def test_overrides_are_for_the_fields_that_they_match() -> None:
    """By name, by regular expression and by query; the later one wins."""
    rules = FieldRules(
        {"unit": "short", "custom": {"lineWidth": 1}},
        (
            {"matcher": {"id": "byName", "options": "p90"}, "properties": [{"id": "unit", "value": "s"}]},
            {"matcher": {"id": "byRegexp", "options": "/p.*/"}, "properties": [{"id": "custom.lineWidth", "value": 3}]},
            {"matcher": {"id": "byFrameRefID", "options": "B"}, "properties": [{"id": "unit", "value": "bytes"}]},
        ),
    )
    assert (rules.of("p90", "A").unit, rules.of("p90", "B").unit, rules.of("x", "A").unit) == ("s", "bytes", "short")
    assert (rules.of("p50").custom["lineWidth"], rules.of("x").custom["lineWidth"]) == (3, 1)


@pytest.mark.parametrize(
    ("text", "found", "missed"),
    [
        ("5..", ["503"], ["1503", "5034"]),
        ("^page", ["page"], ["page 1h/5m"]),
        ("/^page/", ["page", "page 1h/5m"], ["a page", "Page"]),
        ("/^page/i", ["Page 1"], ["a page"]),
    ],
)
def test_a_regular_expression_is_the_whole_unless_it_stands_between_slashes(
    text: str, found: list[str], missed: list[str]
) -> None:
    """As in Grafana: what is bare is matched from end to end."""
    assert [one for one in (*found, *missed) if pattern(text).search(one)] == found


@pytest.mark.parametrize("text", ["/a", "/(/"])
def test_what_is_no_regular_expression_is_said(text: str) -> None:
    """Grafana would not draw it either."""
    with pytest.raises(ValueError, match="regular expression"):
        pattern(text)


def test_a_matcher_that_is_not_known_is_said() -> None:
    """Nothing is drawn otherwise than Grafana would without a word."""
    rules = FieldRules({}, ({"matcher": {"id": "byMoonlight"}, "properties": []},))
    with pytest.raises(ValueError, match="byMoonlight"):
        rules.of("a")


def test_ramps_and_fixed_colours() -> None:
    """A continuous mode goes from end to end, a fixed one stays."""
    ramp = Field(colour_mode="continuous-GrYlRd", least=0, most=10)
    assert [ramp.show(value).colour for value in (0.0, 5.0, 10.0)] == [NAMED["green"], NAMED["yellow"], NAMED["red"]]
    assert Field(colour_mode="fixed", fixed_colour="blue").show(1.0).colour == NAMED["blue"]


def test_ink_can_be_read_on_every_colour() -> None:
    """Dark on light, light on dark."""
    assert colours.readable_on("#ffffff") == "#111217"
    assert colours.readable_on("#c4162a") == "#ffffff"
    assert ValueMapping("value", {"1": {}}).result(2.0) is None
