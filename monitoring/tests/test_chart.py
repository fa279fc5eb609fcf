"""Lines and columns are where their values are, and what is not known is a gap."""

from hypothesis import given
from hypothesis import strategies as st

from monitoring.console.chart import HEIGHT, WIDTH, Series, columns, height, lines, span

DAY = 86_400.0
SHARES = st.floats(0, 1)


def points(text: str) -> list[tuple[float, float]]:
    """The coordinates of a polyline."""
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in text.split())]


def test_what_is_not_known_is_a_gap() -> None:
    """Neither a zero nor a line across."""
    times = [0.0, DAY, 2 * DAY, 3 * DAY]
    (line,) = lines(times, [Series("now", [0.0, 0.5, None, 1.0], ["none"] * 4, ["a", "b", "", "d"])], 0.0, 1.0)
    before, after = map(points, line.stretches)
    assert before == [(0.0, HEIGHT), (100.0, HEIGHT / 2)]
    assert set(after) == {(WIDTH, 0.0)}
    assert [dot.said for dot in line.dots] == ["a", "b", "d"]


def test_time_without_reports_is_a_gap() -> None:
    """A week in which nothing ran is as wide as a week, and nothing is drawn in it."""
    times = [0.0, DAY, 8 * DAY, 9 * DAY]
    (line,) = lines(times, [Series("now", [0.1, 0.1, 0.9, 0.9])], 0.0, 1.0)
    first, second = map(points, line.stretches)
    assert (first[-1][0], second[0][0]) == (33.3, 266.7)


def test_the_first_report_is_seen() -> None:
    """A single value is a level, for a line has two ends."""
    (line,) = lines([5.0], [Series("now", [0.5])], 0.0, 1.0)
    assert points(line.stretches[0]) == [(0.0, HEIGHT / 2), (WIDTH, HEIGHT / 2)]


def test_an_interval_is_an_area() -> None:
    """There along its lower ends, back along its upper ones, and none where it is not known."""
    intervals = [(0.0, 0.5), (0.25, 0.75), None]
    (line,) = lines([0.0, DAY, 2 * DAY], [Series("now", [0.2, 0.5, 0.5], intervals=intervals)], 0.0, 1.0)
    assert [points(band) for band in line.bands] == [[(0.0, 84.0), (150.0, 63.0), (150.0, 21.0), (0.0, 42.0)]]


@given(st.lists(st.tuples(st.floats(0, 1e9), st.none() | st.floats(-10, 10)), min_size=1, max_size=40))
def test_nothing_is_drawn_outside(found: list[tuple[float, float | None]]) -> None:
    """Whatever the times and values: what is beyond an edge is at the edge, and every value can be seen."""
    times, values = sorted(time for time, _ in found), [value for _, value in found]
    (line,) = lines(times, [Series("now", values)], 0.0, 1.0)
    drawn = [point for stretch in line.stretches for point in points(stretch)]
    assert len(drawn) >= sum(value is not None for value in values)
    assert all(len(points(stretch)) > 1 for stretch in line.stretches)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in drawn)


@given(st.lists(st.none() | SHARES, max_size=20))
def test_a_span_holds_every_share(values: list[float | None]) -> None:
    """And is never so narrow that noise fills the chart."""
    low, high = span(values)
    assert 0 <= low < high <= 1
    assert high - low >= 0.05
    assert all(low <= value <= high for value in values if value is not None)


def test_an_empty_hour_is_marked() -> None:
    """An hour without an event is no short column."""
    full, half, empty = columns([("12h", 2000), ("13h", 1000), ("14h", 0)])
    assert (full.height, half.height, half.said) == (HEIGHT, HEIGHT / 2, "13h: 1,000")
    assert [column.empty for column in (full, half, empty)] == [False, False, True]
    assert columns([]) == ()
    assert columns([("12h", 0)])[0].empty


def test_the_top_is_high() -> None:
    """SVG counts from above; a span of nothing is drawn in the middle."""
    assert (height(1, 0, 1), height(0, 0, 1), height(5, 0, 1), height(3, 3, 3)) == (0, HEIGHT, 0, HEIGHT / 2)
