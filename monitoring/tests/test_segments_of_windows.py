"""Parts of a window: clients, airlines, pairs of features, names that nobody knew, and versions side by side."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from monitoring import run
from monitoring.counting.counts import CubeRow, of_reference
from monitoring.drift.alignment import align
from monitoring.drift.pairs import pairs
from monitoring.drift.rule import Rule
from monitoring.drift.segments import divided
from monitoring.drift.subject import SegmentVerdict
from monitoring.drift.verdict import candidates, settle
from monitoring.pages import words
from monitoring.settings import Settings
from monitoring.tests.conftest import copy_package
from monitoring.tests.draws import Draws
from monitoring.tests.logs import event, flight_events, label, write
from monitoring.tests.test_run import july
from monitoring.watched import Watched

AT = datetime(2026, 7, 10, 12, 20, tzinfo=UTC)
END = datetime(2026, 7, 10, 13, tzinfo=UTC)
DAY = timedelta(days=1)
Make = Callable[..., Settings]


def verdicts(rows: dict[str | None, Sequence[CubeRow]], watched: Watched) -> dict[tuple[str, str], SegmentVerdict]:
    """Every segment's, settled together."""
    parts = divided(rows, watched, 1000)
    settled = settle([part.candidates(Rule()) for part in parts], Rule())
    found = [part.verdict(subjects) for part, subjects in zip(parts, settled, strict=True)]
    return {(one.by, one.value): one for one in found}


def test_segments_without_drift_have_no_verdict(flights: Watched) -> None:
    """Two clients and every airline with rows enough, in windows of any size: none alarms in nineteen of twenty draws."""
    for rows in (3000, 60_000):
        draws = Draws(flights, seed=rows)
        alarmed = 0
        for _ in range(20):
            found = verdicts({"a": draws.rows(rows), "b": draws.rows(rows), None: draws.rows(100)}, flights)
            assert ("client", "a") in found
            assert ("OPERA", "Grupo LATAM") in found
            assert ("client", "(none)") not in found  # too few rows
            alarmed += any(one.level != "none" for one in found.values())
        assert alarmed <= 1


def test_a_client_that_asks_otherwise_is_named(flights: Watched) -> None:
    """And what it asks; the other client is as it was, and one client alone is no segment."""
    draws = Draws(flights, seed=1)
    odd = draws.rows(3000, draws.shifted("OPERA", {"JetSmart SPA": 0.2}))
    found = verdicts({"usual": draws.rows(20_000), "odd": odd}, flights)
    assert found["client", "usual"].level == "none"
    assert found["client", "odd"].level == "alert"
    assert found["client", "odd"].subject in {"OPERA", "joint"}
    assert "JetSmart SPA" in found["client", "odd"].moved[0].value
    assert not any(by == "client" for by, _ in verdicts({"only": odd}, flights))


def test_an_airline_is_compared_with_its_own_flights(flights: Watched) -> None:
    """Where one flies abroad more often than it did, its segment tells; the others' and the airlines' shares do not."""
    draws = Draws(flights, seed=2)
    shares = draws.shares.copy()
    abroad, home = (np.array([values[:2] == ("Sky Airline", kind) for values in draws.values]) for kind in ("I", "N"))
    moved = 0.3 * shares[home].sum()
    shares[home] *= 0.7
    shares[abroad] *= 1 + moved / shares[abroad].sum()
    found = verdicts({None: draws.rows(40_000, shares)}, flights)
    sky = found["OPERA", "Sky Airline"]
    assert sky.level == "alert"
    assert sky.subject == "TIPOVUELO"
    assert sky.reference_rows == pytest.approx(draws.share("OPERA", "Sky Airline") * flights.reference.rows, rel=0.05)
    assert {key for key, one in found.items() if one.level != "none"} == {("OPERA", "Sky Airline")}


def test_a_pair_tells_which_two_move_together(flights: Watched) -> None:
    """Airlines change what they fly abroad, in every month alike: that pair moves, and those with the month do not."""
    draws = Draws(flights, seed=3)
    shares = draws.shares.copy()
    points = {
        ("Grupo LATAM", "I"): 0.05,
        ("Grupo LATAM", "N"): -0.05,
        ("Sky Airline", "N"): 0.05,
        ("Sky Airline", "I"): -0.05,
    }
    for pair, change in points.items():
        flown = np.array([values[:2] == pair for values in draws.values])
        shares[flown] *= max(0.05, 1 + change / shares[flown].sum())
    shares /= shares.sum()
    window = draws.window(50_000, shares)
    reference = align(of_reference(flights), window, flights)
    main, two_by_two = settle(
        [candidates(window, reference, flights, Rule()), pairs(window, reference, flights, Rule())], Rule()
    )
    found = {one.name: one for one in two_by_two}
    assert set(found) == {"OPERA, TIPOVUELO", "OPERA, MES", "TIPOVUELO, MES"}
    assert found["OPERA, TIPOVUELO"].level != "none"
    assert found["OPERA, TIPOVUELO"].moved[0].value.split(", ")[0] in {"Grupo LATAM", "Sky Airline"}
    assert found["TIPOVUELO, MES"].score < found["OPERA, TIPOVUELO"].score / 2
    assert {one.name for one in main} >= {"OPERA", "joint"}
    quiet = draws.window(50_000)
    usual = align(of_reference(flights), quiet, flights)
    assert {one.level for one in settle([pairs(quiet, usual, flights, Rule())], Rule())[0]} == {"none"}


def test_values_that_nobody_knew_are_named(make_settings: Make, flights: Watched) -> None:
    """The five most frequent, in the report and in words; markup in a name is text in the page."""
    settings = make_settings()
    strange = {"<b>Alpha</b>": 40, "Beta": 30, "Gamma": 20, "Delta": 10, "Epsilon": 5, "Zeta": 1}
    unknown = [
        event(END - DAY / 2, {"OPERA": name, "TIPOVUELO": "N", "MES": 7}, id_=f"{name}{place}")
        for name, count in strange.items()
        for place in range(count)
    ]
    before = event(END - 3 * DAY, {"OPERA": "Omega", "TIPOVUELO": "N", "MES": 7})
    write(settings.events_dir, [*flight_events(flights, july(flights, 3000), END - DAY, DAY), *unknown, before])
    report = run.run(settings, AT, ("1d",))[0]
    assert report.unseen == {"OPERA": {name: count for name, count in strange.items() if name != "Zeta"}}
    assert any("<b>Alpha</b> (40), Beta (30)" in line for line in words.faults(report))
    page = (settings.reports_dir / report.place).with_suffix(".html").read_text()
    assert "&lt;b&gt;Alpha&lt;/b&gt; (40)" in page
    assert "<b>Alpha" not in page


def second_version(models: Path) -> None:
    """The shipped model again, as version 2."""
    for version in ("1", "2"):
        copy = copy_package("flight-delay", models / version)
        target = models / "all" / "flight-delay" / version
        target.mkdir(parents=True)
        for file in copy.iterdir():
            content = file.read_bytes()
            if file.name == "manifest.json":
                content = content.replace(b'"version": "1"', f'"version": "{version}"'.encode())
            (target / file.name).write_bytes(content)


def test_two_versions_are_compared_where_both_answer(make_settings: Make, flights: Watched, tmp_path: Path) -> None:
    """How alike their answers are, and which one the labels call better; a client's part is told too."""
    second_version(tmp_path)
    settings = make_settings(models_dir=tmp_path / "all", label_due_days=1.0)
    flights_of_july = flight_events(flights, july(flights, 3000), END - DAY, DAY / 2)
    # Version 2 says of every flight that it is late; most are not.
    shadow = [
        line.replace(b'"version":"1"', b'"version":"2"')
        .replace(b'"id":"', b'"id":"s')
        .replace(b'"label":0', b'"label":1')
        .replace(b'"client":"demo"', b'"client":"shadow"' if place % 2 else b'"client":"demo"')
        for place, line in enumerate(flights_of_july)
    ]
    write(settings.events_dir, [*flights_of_july, *shadow])
    truths = [int(b'"label":1' in line) if place % 3 else 0 for place, line in enumerate(flights_of_july)]
    write(
        settings.labels_dir,
        [label(END - DAY / 4, f"{s}{n}", truth) for s in ("", "s") for n, truth in enumerate(truths)],
    )
    first, second = run.run(settings, AT, ("1d",))
    (comparison,) = first.beside
    assert (comparison.own.version, comparison.other.version) == ("1", "2")
    assert comparison.other.mix == {"1": 1.0}
    assert comparison.agreement == pytest.approx(comparison.own.mix["1"])
    assert comparison.p < 1e-9
    assert comparison.own.mean_probability == comparison.other.mean_probability
    assert comparison.gain is not None
    assert comparison.gain_interval is not None
    assert comparison.gain_interval[0] < comparison.gain < comparison.gain_interval[1] < 0
    assert second.beside[0].gain == -comparison.gain
    said = " ".join(words.beside(first))
    assert "Version 2 answered" in said
    assert "version 1 is better" in said
    assert "Versions side by side" in (settings.reports_dir / first.place).with_suffix(".html").read_text()
    assert {one.value for one in second.segments if one.by == "client"} == {"demo", "shadow"}
    assert not any(one.by == "client" for one in first.segments)
