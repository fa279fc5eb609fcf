"""The pages say in words what the reports hold."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import jinja2
import msgspec
import pytest

from monitoring import run
from monitoring.pages import words
from monitoring.pages.page import Pages
from monitoring.pages.trend import Trend, read_trend
from monitoring.report import Report, read_latest
from monitoring.settings import Settings
from monitoring.tests.canned import put, report
from monitoring.tests.logs import flight_events, label, write
from monitoring.tests.test_run import july
from monitoring.watched import Watched

AT = datetime(2026, 7, 10, 12, 20, tzinfo=UTC)
END = datetime(2026, 7, 10, 13, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
Make = Callable[..., Settings]


class Links(HTMLParser):
    """Collects what a page refers to, and its text."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.text = ""
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.links += [value for name, value in attributes if name in {"href", "src"} and value]
        assert tag not in {"script", "link", "img", "iframe"}

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def arrived(
    tmp_path_factory: pytest.TempPathFactory, flights: Watched, flight_models: Path
) -> tuple[Path, list[Report]]:
    """Reports of three days, on the second of which an airline arrived; labels of the first day."""
    folder = tmp_path_factory.mktemp("arrived")
    settings = Settings(
        events_dir=folder / "events",
        labels_dir=folder / "labels",
        reports_dir=folder / "reports",
        archive_dir=folder / "archive",
        state_dir=folder,
        models_dir=flight_models,
        label_min_count=100,
        evidently=False,
        reports_keep_days=36_500,  # the days are fixed ones
        events_keep_days=0,
        labels_keep_days=0,
        counts_keep_days=0,
    )
    write(settings.events_dir, flight_events(flights, july(flights, 1500), END - 3 * DAY, DAY), "1.jsonl")
    write(settings.events_dir, flight_events(flights, july(flights, 3000, 500), END - 2 * DAY, 2 * DAY), "2.jsonl")
    write(settings.labels_dir, [label(END - DAY / 2, str(place), place % 4 == 0) for place in range(400)])
    days = [run.run(settings, AT - day * DAY, ("1d",)) for day in (2, 1, 0)]
    return settings.reports_dir, [reports[0] for reports in days]


def test_every_report_has_its_page_and_the_index_leads_there(arrived: tuple[Path, list[Report]]) -> None:
    """Every link leads to a file that is there, and nothing is asked of a network."""
    folder, reports = arrived
    pages = [folder / "index.html", *((folder / report.place).with_suffix(".html") for report in reports)]
    for page in pages:
        for link in Links(page).links:
            assert (page.parent / link).is_file(), link
    assert len(set(Links(pages[0]).links)) == 3


def test_a_page_says_what_moved_how_much_and_since_when(arrived: tuple[Path, list[Report]]) -> None:
    """In plain words, with the number of the airline's own share."""
    folder, (_, first, second) = arrived
    new = Links((folder / first.place).with_suffix(".html")).text
    assert "Something has moved, and no alert stands yet: OPERA" in new
    assert "OPERA moved: JetSmart SPA 15%, 0.2% in training (+14.9 points)" in new
    assert "For the first time." in new
    standing = Links((folder / second.place).with_suffix(".html")).text
    assert "What is asked has drifted from the training data: OPERA" in standing
    assert "Since the window that ended 2026-07-09 13:00 UTC." in standing


def test_a_page_says_how_good_the_model_was(arrived: tuple[Path, list[Report]]) -> None:
    """Coverage, lag and verdict; and what the model expects of itself."""
    folder, (_, first, _) = arrived
    text = Links((folder / first.place).with_suffix(".html")).text
    assert "23% of the predictions have their label, half of them within 33 hours." in text
    assert "Lower than the held-out test lets expect: accuracy and f1." in text
    assert "of itself" in text


def test_a_page_says_what_is_only_the_season(arrived: tuple[Path, list[Report]]) -> None:
    """What has moved beside the whole year alone; a feature that has drifted too is told as drift, and not here."""
    folder, (before, *_, after) = arrived
    said = words.season(before)
    assert said.startswith("Of the season, and so no drift (in brackets all of the training data): ")
    assert "MES = 7 100% (8.8%)" in said
    assert "mean probability +11." in said
    assert "joint" not in said
    assert said in Links((folder / before.place).with_suffix(".html")).text
    assert "OPERA" not in words.season(after)
    assert "MES = 7 100% (8.8%)" in words.season(after)
    assert words.season(msgspec.structs.replace(before, views=before.views | {"plain": before.views["aligned"]})) == ""


def test_the_index_tells_reports_of_before_apart(tmp_path: Path) -> None:
    """By the hour, or where days are short by the second."""
    short = [report(END + back * SECOND, model="short", day_seconds=30) for back in (0, 30, 60)]
    usual = [report(END - DAY), report()]
    put(tmp_path, [*short, *usual])
    text = Pages(tmp_path).index([short[-1], usual[-1]])
    assert re.findall(r"<a [^>]*><span [^>]*>([^<]*)</span>", text) == ["13:00:30", "13:00:00", "07-09 13h"]


def test_since_is_the_first_window_of_those_that_show_it_without_a_break(arrived: tuple[Path, list[Report]]) -> None:
    """And None of what does not show now."""
    folder, reports = arrived
    trend = read_trend(folder, reports[-1])
    assert trend.reports == tuple(reports)
    assert trend.since("OPERA") == reports[1].until
    assert trend.since("MES") is None
    quiet, loud, _ = reports
    assert Trend((loud, quiet, loud)).since("OPERA") == loud.until
    assert read_trend(folder, reports[0]).reports == (reports[0],)
    scores = trend.scores("OPERA")
    assert scores[0] == 0
    assert scores[2] is not None
    assert scores[2] > 0.1


def test_names_from_outside_are_text(arrived: tuple[Path, list[Report]]) -> None:
    """A category is whatever a caller sends; in a page it is never markup."""
    folder, reports = arrived
    view = reports[-1].views["aligned"]
    evil = msgspec.structs.replace(view.subjects[0].moved[0], value="<script>alert(1)</script>")
    subject = msgspec.structs.replace(view.subjects[0], moved=(evil,))
    views = dict(reports[-1].views) | {"aligned": msgspec.structs.replace(view, subjects=(subject,))}
    report = msgspec.structs.replace(reports[-1], views=views)
    page = Pages(folder).summary(report, Trend((report,)))
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_an_empty_window_has_a_page_too(make_settings: Make) -> None:
    """It says that nothing can be told."""
    settings = make_settings()
    (report,) = run.run(settings, AT, ("1d",))
    text = Links((settings.reports_dir / report.place).with_suffix(".html")).text
    assert "Too few predictions to tell: 0, where 1,000 are needed." in text
    assert "Nothing was predicted, so no label is awaited." in text


def test_pages_that_cannot_be_made_lose_nothing_else(
    make_settings: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The reports are there and named; the log says why there is no page."""
    settings = make_settings()

    def broken(*_: object) -> str:
        raise jinja2.UndefinedError("no such thing")

    monkeypatch.setattr(Pages, "summary", broken)
    assert len(run.run(settings, AT, ("1d",))) == 1
    assert read_latest(settings.reports_dir) is not None
    assert "pages not written: no such thing" in caplog.text


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0%"), (0.5, "50%"), (0.016, "1.6%"), (0.0004, "0.04%"), (0.0999, "10.0%"), (1, "100%")]
)
def test_shares_have_as_many_digits_as_say_something(share: float, text: str) -> None:
    """Percent, for people."""
    assert words.percent(share) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1, "1 seconds"), (119, "119 seconds"), (600, "10 minutes"), (8000, "2 hours"), (1e6, "12 days")],
)
def test_times_are_in_the_unit_that_people_would_choose(seconds: float, text: str) -> None:
    """Never thousands of seconds."""
    assert words.duration(seconds) == text
