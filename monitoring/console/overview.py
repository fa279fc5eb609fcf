"""What the first page shows: of every model its newest verdicts and their trends; of the log what was read of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from monitoring import moment
from monitoring.console import chart
from monitoring.console.chart import Chart, Column, Series
from monitoring.console.past import Past, Point, Shelf
from monitoring.pages import words
from monitoring.pages.revision import revision
from monitoring.report import Latest, Report, ReportError, read, window_hours

_HOURS = 7 * 24  # of the log that are drawn, or minutes where a demo's days are short
_AN_HOUR = "2026-07-10T12"
_MEASURES = ("accuracy", "f1", "precision", "recall", "auc", "brier", "mean_absolute_error", "root_mean_squared_error")


@dataclass(frozen=True)
class Window:
    """The newest report of one window, in words, and since when its verdict has been what it is."""

    report: Report
    headline: str
    since: str | None
    past: Past

    @property
    def page(self) -> str:
        """Where the whole report is."""
        return "/reports/" + self.report.place.removesuffix(".json") + ".html"

    @property
    def document(self) -> str:
        """Where it is as JSON."""
        return "/reports/" + self.report.place

    @property
    def revision(self) -> str:
        """Why it was made again, in words; empty where it was not."""
        return revision(self.report)


@dataclass(frozen=True)
class Model:
    """One version of one model: all its windows, and the charts of the one that is looked at."""

    name: str
    windows: tuple[Window, ...]
    shown: Window
    season: str
    quality: tuple[str, ...]
    retrain: tuple[str, ...]
    charts: Mapping[str, tuple[Chart, ...]]

    @property
    def is_asked(self) -> bool:
        """Whether any window has predictions."""
        return any(window.report.rows for window in self.windows)


@dataclass(frozen=True)
class Log:
    """The newest hours of the prediction log, up to the last run; ``missed`` are those in which nothing was logged."""

    columns: tuple[Column, ...]
    unit: str
    missed: tuple[str, ...]
    begin: str
    end: str


def newest(folder: Path, latest: Latest) -> Iterator[Report]:
    """The reports that are named; one that can't be read is left out."""
    for place in latest.reports:
        try:
            yield read(folder, place)
        except ReportError:
            continue


def models(reports: Iterable[Report], shelf: Shelf, window: str) -> tuple[Model, ...]:
    """Every model, with charts of ``window``, or of its first where it has no such."""
    found: dict[str, list[Window]] = {}
    for report in reports:
        past = shelf.past(report)
        if not past.points:  # it is gone since
            continue
        one = Window(report, words.headline(report), past.verdict_since(), past)
        found.setdefault(f"{report.model}/{report.version}", []).append(one)
    made = [
        _model(name, tuple(sorted(windows, key=lambda one: window_hours(one.report.window))), window)
        for name, windows in found.items()
    ]
    return tuple(sorted(made, key=lambda model: not model.is_asked))


def log(latest: Latest) -> Log:
    """The hours up to the newest reports; before the first event there is nothing to miss, nor in one that is not over."""
    known = latest.log.hours
    digits = len(min(known, default=_AN_HOUR))
    unit, step = ("hour", timedelta(hours=1)) if digits == len(_AN_HOUR) else ("minute", timedelta(minutes=1))
    end = moment.parse(latest.finished)
    hours = [moment.text(end - back * step)[:digits] for back in reversed(range(_HOURS))]
    first = min(known, default=hours[-1])
    # The last one is not over: it is missing nothing yet.
    shown = [hour for hour in hours if hour >= first and (known.get(hour) or hour != hours[-1])] or hours[-1:]
    missed = tuple(_spoken(hour) for hour in shown if not known.get(hour))
    counts = [(_spoken(hour), known.get(hour, 0)) for hour in shown]
    return Log(chart.columns(counts), unit, missed, _spoken(shown[0]), _spoken(shown[-1]))


def _model(name: str, windows: tuple[Window, ...], window: str) -> Model:
    shown = next((one for one in windows if one.report.window == window), windows[0])
    points = shown.past.points
    charts = {"scores": tuple(_scores(shown)), "quality": tuple(_qualities(points)), "labels": tuple(_labels(shown))}
    quality, retrain = tuple(words.quality(shown.report)), tuple(words.retrain(shown.report))
    return Model(name, windows, shown, words.season(shown.report), quality, retrain, charts)


def _scores(window: Window) -> Iterator[Chart]:
    points, thresholds = window.past.points, window.report.thresholds
    warn, alert = thresholds["score_warn"], thresholds["score_alert"]
    for name in window.past.subjects():
        values = [point.scores.get(name) for point in points]
        top = max(2 * alert, *(value * 1.1 for value in values if value is not None))
        tones = [point.levels.get(name, "none") for point in points]
        series = Series("now", values, tones, _said(points, values, 3))
        last = values[-1]
        yield Chart(
            title=name,
            now="-" if last is None else f"{last:.3f}",
            tone=tones[-1] if last is not None else "insufficient_data",
            lines=chart.lines(_times(points), [series], 0.0, top),
            levels={"warn": chart.height(warn, 0, top), "alert": chart.height(alert, 0, top)},
            low="0",
            high=f"{top:.2f}",
            **_edges(points),
        )


def _qualities(points: tuple[Point, ...]) -> Iterator[Chart]:
    """What was realised beside what the held-out test lets expect and what the model expects of itself."""
    for name in _MEASURES:
        values = [point.measures.get(name) for point in points]
        estimated = [point.estimated.get(name) for point in points]
        expected = [point.expected.get(name) for point in points]
        if not any(value is not None for value in (*values, *estimated)):
            continue
        intervals = [point.intervals.get(name) for point in points]
        drawn = [*values, *estimated, *expected, *(end for one in intervals if one is not None for end in one)]
        low, high = _from_0(drawn) if name.endswith("_error") else chart.span(drawn)
        tones = ["low" if point.quality == "low" else "good" for point in points]
        series = (
            Series("then", expected),
            Series("estimated", estimated),
            Series("now", values, tones, _said(points, values, 3), intervals),
        )
        last = values[-1]
        yield Chart(
            title=name.replace("_", " "),
            now="-" if last is None else f"{last:.3f}",
            tone=points[-1].quality,
            lines=chart.lines(_times(points), series, low, high),
            levels={},
            low=f"{low:.2f}",
            high=f"{high:.2f}",
            **_edges(points),
        )


def _labels(window: Window) -> Iterator[Chart]:
    points = window.past.points
    values = [point.coverage for point in points]
    rows = [float(point.rows) for point in points]
    most = max(1.0, *rows)
    for title, series, high, now in (
        ("predictions that have their label", values, 1.0, values[-1]),
        ("predictions in the window", rows, most, None),
    ):
        said = _said(points, values, None) if high == 1.0 else [f"{point.rows:,}, {_when(point)}" for point in points]
        yield Chart(
            title=title,
            now=words.percent(now) if now is not None else f"{points[-1].rows:,}" if series is rows else "-",
            tone="plain",
            lines=chart.lines(_times(points), [Series("now", series, ["plain"] * len(points), said)], 0.0, high),
            levels={},
            low="0",
            high="100%" if series is values else f"{most:,.0f}",
            **_edges(points),
        )


def _said(points: tuple[Point, ...], values: list[float | None], digits: int | None) -> list[str]:
    return [
        "" if value is None else f"{words.percent(value) if digits is None else f'{value:.{digits}f}'}, {_when(point)}"
        for point, value in zip(points, values, strict=True)
    ]


def _from_0(values: list[float | None]) -> tuple[float, float]:
    return 0.0, max((value for value in values if value is not None), default=1.0) * 1.1


def _times(points: tuple[Point, ...]) -> list[float]:
    return [point.ended for point in points]


def _edges(points: tuple[Point, ...]) -> dict[str, str]:
    return {"begin": _day(points[0].until), "end": _day(points[-1].until)}


def _spoken(hour: str) -> str:
    return hour[5:].replace("T", " ") + ("h" if len(hour) == len(_AN_HOUR) else "")


def _when(point: Point) -> str:
    return _day(point.until) + (f", revision {point.revision}" if point.revision > 1 else "")


def _day(until: str) -> str:
    return until[5:16].replace("T", " ")
