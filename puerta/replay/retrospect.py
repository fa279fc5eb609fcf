"""What a replayed year showed, from the reports that were made meanwhile, and where to look."""

import json
import time
from calendar import month_name
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from puerta.replay.year import Change, Year
from puerta.settings import Settings

_COLUMNS = {"as it is": 18, "calendar aligned": 18, "accuracy": 10, "foretold": 10, "labelled": 10}
_PATIENCE = 2.0  # days: a run may be late
_QUARTER = 0.25  # of a day; what a run may begin late and still have the whole day in its window


class Day(NamedTuple):
    """A month that was replayed, and when its day began, in seconds since the epoch."""

    month: int
    midnight: float


def retrospect(
    settings: Settings,
    year: Year,
    days: Sequence[Day],
    model: str,
    *,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[str]:
    """A table of the months, the whole year, what changed in it, and where to look; it waits for the last report."""
    folder = settings.state_dir / "reports"
    yield f"\nThe year is over. {_changes(year)}"
    if not settings.monitoring:
        yield "Nothing was reported of it: PUERTA_MONITORING is off."
        return
    ended, length = clock(), settings.demo_day_seconds
    while not (whole := _after(_reports(folder, model, "28d"), ended)) and clock() < ended + _PATIENCE * length:
        sleep(length / 50)
    yield f"\n{'':10}{''.join(f'{name:>{width}}' for name, width in _COLUMNS.items())}  airline that moved most"
    reports = _reports(folder, model, "1d")
    for day in days:
        found = next((report for report in reports if _is_of(report, day, length)), None)
        yield f"{month_name[day.month]:10}{_row(found)}"
    yield f"{'Together':10}{_row(whole)}"
    yield (
        "\nAccuracy is of the labels that had come by then; foretold is what the model's own probabilities let expect"
        "\nwithout any (CBPE). The training data has the year, so only the comparison that forgets the calendar is alarmed."
        f"\nLook at http://127.0.0.1:{settings.console_port}, and at the reports: {(folder / 'index.html').absolute().as_uri()}"
    )


def _changes(year: Year) -> str:
    months = list(year.months)
    worst = max(months, key=year.late)
    said = [f"{month_name[worst]} was worst: {year.late(worst):.1%} of its flights were late."]
    said += [
        f"{change.airline} arrived in {month_name[change.month]}"
        f" and had {change.later_share:.1%} of {month_name[change.later]}'s flights."
        for change in sorted(year.arrived(), key=_later_share, reverse=True)
    ]
    said += [f"{change.airline} was last seen in {month_name[change.later]}." for change in year.left()]
    if change := year.shrank_most():
        said.append(
            f"{change.airline} shrank most, from {change.share:.1%} of {month_name[change.month]}'s flights"
            f" to {change.later_share:.1%} of {month_name[change.later]}'s."
        )
    return "\n".join(said)


def _later_share(change: Change) -> float:
    return change.later_share


def _row(report: Any) -> str:
    if report is None:
        return "no report was made of it"
    quality = report["quality"]
    verdicts = [report["views"][view]["verdict"].replace("_", " ") for view in ("plain", "aligned")]
    figures = (quality["measures"].get("accuracy"), quality["estimated"].get("accuracy"), quality["coverage"])
    shown = [*verdicts, *("-" if figure is None else f"{figure:.1%}" for figure in figures)]
    cells = (f"{text:>{width}}" for text, width in zip(shown, _COLUMNS.values(), strict=True))
    return f"{''.join(cells)}  {_moved(report)}".rstrip()


def _moved(report: Any) -> str:
    """Of the comparison that forgets the calendar: what it says of the airlines, if it says anything."""
    for subject in report["views"]["plain"]["subjects"]:
        if subject["name"] == "OPERA" and subject["level"] != "none":
            most = subject["moved"][0]
            return f"{most['value']}: {most['share']:.1%}, {most['reference_share']:.1%} in training"
    return ""


def _reports(folder: Path, model: str, window: str) -> list[Any]:
    """Oldest first; of a model's versions, those of the last one by name that has any."""
    versions = sorted((folder / "drift" / model).glob(f"*/{window}"))
    return [json.loads(path.read_bytes()) for path in sorted(versions[-1].glob("*Z.json"))] if versions else []


def _after(reports: Sequence[Any], moment: float) -> Any:
    return next((report for report in reports if _seconds(report["until"]) > moment), None)


def _is_of(report: Any, day: Day, length: float) -> bool:
    """Whether a window has a day, and nothing of another."""
    return 0 <= _seconds(report["until"]) - (day.midnight + length) <= _QUARTER * length


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).astimezone(UTC).timestamp()
