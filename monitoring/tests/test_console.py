"""The console's pages say what the reports say, whatever it is; and nothing else of the machine can be read there."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from monitoring.console.past import Shelf
from monitoring.console.site import Answer, Place, Site
from monitoring.report import LATEST, Revised
from monitoring.schedule.history import History, Run
from monitoring.tests.canned import DAY, END, put, report
from monitoring.tests.conftest import ROOT

NOW = datetime(2026, 7, 10, 13, 25, tzinfo=UTC)
TAGS = {
    *("html", "head", "meta", "title", "link", "body", "header", "nav", "main", "a", "b", "i", "h1", "h2", "h3", "p"),
    *("div", "span", "section", "figure", "figcaption", "table", "tr", "th", "td", "code", "ol", "ul", "li", "strong"),
    *("svg", "line", "polyline", "polygon", "rect"),
}
ATTRIBUTES = {
    *("lang", "charset", "name", "content", "rel", "href", "class", "title", "colspan", "role", "aria-label"),
    *("viewbox", "preserveaspectratio", "points", "x", "y", "x1", "x2", "y1", "y2", "width", "height"),
}


class Page(HTMLParser):
    """Collects text, links and the classes of marks; complains of any tag or attribute that is not the console's own."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.links: list[str] = []
        self.marks: list[tuple[str, str]] = []
        self.text = ""
        self.feed(answer.body.decode())
        self.close()
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        assert {name for name, _ in attributes} <= ATTRIBUTES
        self.text += " "
        found = dict(attributes)
        self.marks.append((tag, found.get("class") or ""))
        if tag == "a":
            self.links.append(found.get("href") or "")

    def handle_data(self, data: str) -> None:
        self.text += data


def site(folder: Path, **place: Any) -> Site:
    """A site of a folder of reports."""
    return Site(Place(reports=folder, **place), clock=lambda: NOW)


def page(folder: Path, target: str = "/", **place: Any) -> Page:
    """A page that is there."""
    answer = site(folder, **place).answer(target)
    assert answer.status == HTTPStatus.OK
    return Page(answer)


def test_before_the_first_run(tmp_path: Path) -> None:
    """It says that there is nothing yet and when there will be, and the runbooks are there all the same."""
    found = page(tmp_path / "none")
    assert "No reports yet" in found.text
    assert "2026-07-10 14:05 UTC" in found.text
    assert "/runbooks/drift.md" in found.links


def test_the_newest_verdict_and_since_when(tmp_path: Path) -> None:
    """In words, with the end of the first of the windows that have said so without a break."""
    scores = (0.3, 0.0, 0.2, 0.3)
    put(tmp_path, [report(END - (3 - day) * DAY, scores={"OPERA": score}) for day, score in enumerate(scores)])
    found = page(tmp_path)
    assert "What is asked has drifted from the training data: OPERA." in found.text
    assert "1d, since 2026-07-09 13:00" in found.text
    assert "2026-07-08" not in found.text
    assert "/reports/drift/delays/1/1d/2026-07-10T13Z.html" in found.links
    assert "/reports/drift/delays/1/1d/2026-07-10T13Z.json" in found.links
    tones = [kind.removeprefix("dot ") for tag, kind in found.marks if tag == "line" and kind.startswith("dot ")]
    assert tones[:4] == ["alert", "none", "alert", "alert"]
    assert ("line", "level warn") in found.marks
    assert ("line", "level alert") in found.marks


def test_an_alert_that_does_not_stand_yet_is_a_warning(tmp_path: Path) -> None:
    """As its report says."""
    one = report(scores={"OPERA": 0.3})
    aligned = msgspec.structs.replace(one.views["aligned"], alerts=(), verdict="warn")
    put(tmp_path, [msgspec.structs.replace(one, views={"aligned": aligned, "plain": aligned})])
    found = page(tmp_path)
    assert ("line", "dot warn") in found.marks
    assert ("line", "dot alert") not in found.marks


def test_quality_labels_and_what_is_due(tmp_path: Path) -> None:
    """Measured with its interval, beside what is expected; coverage, lag, and labels that were late."""
    put(tmp_path, [report(END - DAY, scores={"OPERA": 0.0}), report(scores={"OPERA": 0.0})])
    found = page(tmp_path)
    assert "accuracy 0.800" in found.text
    assert {"line-now", "line-then", "line-estimated"} <= {kind for tag, kind in found.marks if tag == "polyline"}
    assert ("polygon", "band") in found.marks
    assert "50% within 2 hours, 90% within 24 hours" in found.text
    assert "delays/1 1,000 100 90%" in found.text


def test_a_window_is_chosen(tmp_path: Path) -> None:
    """By its name; one that is not there is the first that is."""
    week = report(window="7d", scores={"OPERA": 0.07}, rows=9000)
    put(tmp_path, [week, report(scores={"OPERA": 0.0})])  # as runs of one window alone leave them
    assert "OPERA 0.000" in page(tmp_path).text
    chosen = page(tmp_path, "/?window=7d")
    assert "OPERA 0.070" in chosen.text
    assert "7d, since" in chosen.text
    assert "/?window=1d" in chosen.links
    assert "OPERA 0.000" in page(tmp_path, "/?window=%3Cscript%3E").text


def test_a_model_that_nobody_asks(tmp_path: Path) -> None:
    """It is named, without a wall of empty charts; too few predictions are said to be too few."""
    put(tmp_path, [report(model="idle", rows=0), report(rows=10)])
    found = page(tmp_path)
    assert "Nothing asked of idle/1" in found.text
    assert "Too few predictions to tell: 10, where 1,000 are needed." in found.text
    assert "No window of this length had enough predictions to tell." in found.text


def test_the_log(tmp_path: Path) -> None:
    """Lines that are no events, events that nobody watches, and hours in which nothing was logged."""
    hours = {"2026-07-10T08": 500, "2026-07-10T09": 600, "2026-07-10T12": 300, "2026-07-10T13": 100}
    put(tmp_path, [report()], unreadable=3, unwatched={"other/2": 20}, hours=hours)
    found = page(tmp_path)
    assert "cut short or garbled: 3." in found.text
    assert "It holds 20 events of other/2" in found.text
    assert "Nothing was logged in 2 of the last 6 hours, most lately at 07-10 11h." in found.text
    assert [kind for tag, kind in found.marks if tag == "rect"] == [
        "column",
        "column",
        "hole",
        "hole",
        "column",
        "column",
    ]


def test_files_of_the_log_that_are_damaged(tmp_path: Path) -> None:
    """They are named: what they hold is in no count."""
    put(tmp_path, [report()], damaged=("a.jsonl.gz",), hours={"2026-07-10T12": 300})
    found = page(tmp_path).text
    assert "1,500 events read, damaged files: 1" in found
    assert "Damaged, so that what they hold is in no count: a.jsonl.gz." in found


def test_a_report_that_was_made_again(tmp_path: Path) -> None:
    """When and why stands beside it, and at its points how often."""
    again: dict[str, Any] = {"revision": 3, "revised": Revised("2026-07-10T14:05:00Z", 0, 312)}
    put(tmp_path, [report(END - DAY, scores={"OPERA": 0.2}), report(scores={"OPERA": 0.01}, **again)])
    found = Site(Place(reports=tmp_path), lambda: END).answer("/").body.decode()
    assert "Revision 3, made again on 2026-07-10 14:05 UTC: 312 labels came late." in found
    assert "<title>0.010, 07-10 13:00, revision 3</title>" in found
    assert "<title>0.200, 07-09 13:00</title>" in found


def test_where_nothing_is_scheduled_no_next_run_is_told(tmp_path: Path) -> None:
    """Reports are made elsewhere, and shown here."""
    site = Site(Place(reports=tmp_path, schedule="-"), lambda: END)
    assert b"The first run writes them. By hand" in site.answer("/").body
    put(tmp_path, [report()])
    assert b"next at" not in site.answer("/").body


def test_the_log_of_short_days_is_by_the_minute(tmp_path: Path) -> None:
    """As a demo's days are over before the hour is; the minute that is not over may have its first event yet."""
    put(tmp_path, [report()], hours={"2026-07-10T13:02": 500, "2026-07-10T13:04": 600})
    assert "Nothing was logged in 1 of the last 3 minutes, most lately at 07-10 13:03." in page(tmp_path).text


def test_runs(tmp_path: Path) -> None:
    """The newest first, with how long each took, and why one failed; all of them on a page of their own."""
    put(tmp_path, [report()])
    history = History(tmp_path)
    for hour in range(15):
        history.add(Run(f"2026-07-09T{hour:02}:05:00Z", f"2026-07-09T{hour:02}:05:07Z", "success"))
    history.add(Run("2026-07-10T13:05:00Z", "2026-07-10T13:09:00Z", "failure", reason="no space left"))
    found = page(tmp_path)
    assert "the last run failed" in found.text
    assert "2026-07-10 13:05 4 minutes failure no space left 2026-07-09 14:05 7 s success" in found.text
    assert "2026-07-09 00:05" not in found.text
    assert "the last 12; all 16" in found.text
    assert "2026-07-09 00:05" in page(tmp_path, "/runs").text


def test_links_to_prometheus(tmp_path: Path) -> None:
    """Where there is one; where there is none there is no link that leads nowhere."""
    put(tmp_path, [report()])
    assert not [link for link in page(tmp_path).links if not link.startswith("/")]
    away = [link for link in page(tmp_path, prometheus="http://127.0.0.1:9090").links if not link.startswith("/")]
    assert "http://127.0.0.1:9090/alerts" in away
    budget = "slo%3Aperiod_error_budget_remaining%3Aratio%7Bslo%3D%22latency%22%7D"
    assert f"http://127.0.0.1:9090/graph?g0.expr={budget}&g0.tab=0&g0.range_input=1d" in away


def test_every_objective_has_the_series_that_its_link_asks_for(tmp_path: Path) -> None:
    """The names are those of the rules that Prometheus evaluates."""
    links = page(tmp_path, prometheus="http://p").links
    asked = {match[1] for link in links if (match := re.search(r"slo%3D%22([a-z-]+)%22", link))}
    rules = {path.stem: path.read_text() for path in (ROOT / "slo" / "generated" / "rules").glob("*.yaml")}
    assert asked == set(rules)
    assert all("slo:period_error_budget_remaining:ratio" in text for text in rules.values())


def test_every_link_of_the_console_leads_somewhere(tmp_path: Path) -> None:
    """Pages, reports and runbooks, from the first page on."""
    one = report(scores={"OPERA": 0.2})
    put(tmp_path, [one])
    (tmp_path / one.place).with_suffix(".html").write_text("<p>the report</p>")
    (tmp_path / "index.html").write_text("<p>the index</p>")
    made, seen, left = site(tmp_path), set(), ["/"]
    while left:
        target = left.pop()
        if target in seen:
            continue
        seen.add(target)
        answer = made.answer(target)
        assert answer.status == HTTPStatus.OK, target
        if answer.kind.startswith("text/html") and not target.startswith("/reports/"):
            left += [link for link in Page(answer).links if link not in seen]
    assert {"/runs", "/runbooks/", "/runbooks/README.md", "/reports/"} <= seen
    assert len(seen) > 18


def test_a_runbook_is_found_as_alerts_name_it(tmp_path: Path) -> None:
    """With and without its ending."""
    with_ending, without = (page(tmp_path, f"/runbooks/latency{end}") for end in (".md", ""))
    assert with_ending.text == without.text
    assert "What to do" in without.text


SECRET = "the secret of this machine"  # noqa: S105 - of a test


@pytest.fixture
def guarded(tmp_path: Path) -> Path:
    """A folder of reports with a secret beside it, in it, and behind links in it."""
    folder = tmp_path / "reports"
    put(folder, [report()])
    window = folder / "drift" / "delays" / "1" / "1d"
    for place in (
        tmp_path / "secret.json",
        folder / "runs.txt",
        folder / ".lock",
        window / ".hidden.json",
        window / "a.txt",
    ):
        place.write_text(SECRET)
    (window / "link.json").symlink_to(tmp_path / "secret.json")
    (folder / "drift" / "away").symlink_to(tmp_path)
    (tmp_path / "1" / "1d").mkdir(parents=True)
    (tmp_path / "1" / "1d" / "x.json").write_text(SECRET)
    return folder


@pytest.mark.parametrize(
    "target",
    [
        "/reports/../secret.json",
        "/reports/%2e%2e/secret.json",
        "/reports/..%2fsecret.json",
        "/reports//etc/passwd",
        "/reports/drift/../../secret.json",
        "/reports/drift/delays/1/1d/..%2f..%2f..%2f..%2f..%2fsecret.json",
        "/reports/drift/delays/1/1d/link.json",
        "/reports/drift/away/1/1d/x.json",
        "/reports/drift/delays/1/1d/.hidden.json",
        "/reports/drift/delays/1/1d/a.txt",
        "/reports/drift/delays/1/1d/",
        "/reports/drift/delays/1/1d/none.json",
        "/reports/runs.txt",
        "/reports/.lock",
        "/reports/index.html%00.json",
        "/reports/" + "a" * 5000,
        "/runbooks/..%2fsettings",
        "/runbooks/../../README.md",
        "/runbooks/%2fetc%2fpasswd",
        "/runbooks/" + "a" * 5000,
        "/runbooks/none.md",
        "/elsewhere",
        "//",
        "",
        "*",
        "http://[",
    ],
)
def test_nothing_else_can_be_read(guarded: Path, target: str) -> None:
    """There is no such page."""
    answer = site(guarded).answer(target)
    assert answer.status == HTTPStatus.NOT_FOUND
    assert SECRET not in answer.body.decode()


@given(
    target=st.lists(
        st.sampled_from(
            [
                "..",
                ".",
                "/",
                "%2e",
                "%2f",
                "%5c",
                "reports",
                "runbooks",
                "drift",
                "secret.json",
                "1",
                "1d",
                "delays",
                "x.json",
                "away",
            ]
        )
        | st.text(max_size=4)
    ).map("".join)
)
def test_whatever_is_asked_the_secret_stays(target: str) -> None:
    """There, or not there; never a failure, never the secret."""
    with TemporaryDirectory() as name:
        folder = Path(name) / "reports"
        folder.mkdir()
        (Path(name) / "secret.json").write_text(SECRET)
        answer = site(folder).answer(f"/{target}")
        assert answer.status in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}
        assert SECRET not in answer.body.decode()


def test_what_a_browser_may_do(guarded: Path) -> None:
    """No page of ours runs a script; Evidently's may, as nobody and without a network; JSON is JSON."""
    window = guarded / "drift/delays/1/1d"
    for name in ("2026-07-10T13Z.html", "evidently.html", "evidently-quality.html"):
        (window / name).write_text("<p>")
    made = site(guarded)
    policies = {}
    for name in ("", "runs", "runbooks/drift.md", "elsewhere", "reports/drift/delays/1/1d/2026-07-10T13Z.html"):
        policies[name] = made.answer(f"/{name}").policy
        assert "script-src" not in policies[name]
        assert policies[name].startswith(
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    assert "unsafe" not in policies[""] + policies["runbooks/drift.md"] + policies["elsewhere"]
    for name in ("evidently.html", "evidently-quality.html"):
        policy = made.answer(f"/reports/drift/delays/1/1d/{name}").policy
        assert policy.startswith("sandbox allow-scripts; default-src 'none'")
        assert "allow-same-origin" not in policy
        assert "connect-src" not in policy
    assert made.answer(f"/reports/{LATEST}").kind == "application/json"


@given(name=st.text(st.characters(codec="utf-8", categories=None), min_size=1, max_size=30), where=st.integers(0, 3))
@hypothesis_settings(max_examples=60)
def test_odd_names_are_text(name: str, where: int) -> None:
    """A feature, a model that nobody watches, a reason, and a label's class are whatever somebody wrote; never markup."""
    odd = f"<b onclick=x>'\"&{{{{7*7}}}}{name}"
    with TemporaryDirectory() as folder:
        values: dict[str, Any] = {"scores": {odd if where == 0 else "OPERA": 0.3}}
        put(
            Path(folder),
            [report(END - DAY, **values), report(**values)],
            unwatched={odd if where == 1 else "other/1": 5},
        )
        History(Path(folder)).add(Run("2026-07-10T13:05:00Z", "2026-07-10T13:05:01Z", "failure", reason=odd))
        found = page(Path(folder))  # which complains of tags and attributes that are not ours
        assert "".join(odd.split()) in "".join(found.text.split())


def test_a_report_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    """And it is said; the others are there."""
    one, other = report(), report(model="other")
    put(tmp_path, [one, other])
    (tmp_path / one.place).write_text("{")
    found = page(tmp_path)
    assert "1 of the newest reports can't be read." in found.text
    assert "other/1" in found.text


def test_what_cannot_be_made_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A sentence for who looks, the reason in the log; and the next page is made."""
    put(tmp_path, [report()])
    made = site(tmp_path)
    whole = (tmp_path / LATEST).read_text()
    for broken in ("{", whole.replace("2026-07-10T13:05:00Z", "yesterday")):
        (tmp_path / LATEST).write_text(broken)
        answer = made.answer("/")
        assert answer.status == HTTPStatus.INTERNAL_SERVER_ERROR
        assert "can't be made" in Page(answer).text
    assert caplog.text.count("page not made") == 2
    (tmp_path / LATEST).write_text(whole)
    assert made.answer("/").status == HTTPStatus.OK


def test_reports_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And again where they changed; what is gone is forgotten."""
    reports = [report(END - day * DAY, scores={"OPERA": 0.0}) for day in (2, 1, 0)]
    put(tmp_path, reports)
    shelf = Shelf(tmp_path)
    assert [point.until for point in shelf.past(reports[-1]).points] == [one.until for one in reports]
    monkeypatch.setattr("monitoring.console.past.read", lambda *_: pytest.fail("read again"))
    assert len(shelf.past(reports[-1]).points) == 3
    assert len(shelf.past(reports[1]).points) == 2
    monkeypatch.undo()
    put(tmp_path, [report(END - DAY, scores={"OPERA": 0.4})])
    assert [point.scores["OPERA"] for point in shelf.past(reports[-1]).points] == [0.0, 0.4, 0.0]
    (tmp_path / reports[0].place).unlink()
    (tmp_path / reports[1].place).write_text("{")
    shelf.forget()
    assert len(shelf._read) == 2
    assert [point.until for point in shelf.past(reports[-1]).points] == [reports[-1].until]
