"""Settings from the environment: the fields of a frozen dataclass are the table of names, defaults and help."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from cronsim import CronSim, CronSimError

from monitoring.moment import parse
from monitoring.pace import DAY_SECONDS, REAL, Pace

PREFIX = "PUERTA_"
NEVER = "-"  # as a schedule
_LOOKED_BACK = 28 + 28  # days: the ends of so many are caught up, each with a window of as many


class SettingsError(ValueError):
    """A setting that makes no sense; the message names the variable, what came and what was expected."""


def _folder(text: str) -> Path:
    if text == "-" or "://" in text:
        raise ValueError
    return Path(text)


def _link(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError
    return text.rstrip("/")


def _table(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]+\.\w+\.[\w-]+", text):
        raise ValueError
    return text


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip().lower() for name in text.split(","))
    if not all(names):
        raise ValueError
    return names


def _spark(text: str) -> str:
    if not text.startswith(("spark://", "local[")):
        raise ValueError
    return text


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port < 65536:  # noqa: PLR2004 - a port has sixteen bits
        raise ValueError
    return port


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise ValueError
    return count


def _whole(text: str) -> int:
    count = int(text)
    if count < 0:
        raise ValueError
    return count


def _hours(text: str) -> int:
    return _whole(text)


def _day(text: str) -> int:
    seconds = int(text)
    if not 0 < seconds <= DAY_SECONDS:
        raise ValueError
    return seconds


def _days(text: str) -> float:
    days = float(text)
    if not 0 < days < float("inf"):
        raise ValueError
    return days


def _ratio(text: str) -> float:
    ratio = float(text)
    if not 0 <= ratio <= 1:
        raise ValueError
    return ratio


def _cron(text: str) -> str:
    if text == NEVER:
        return text
    try:
        CronSim(text, parse("2026-01-01T00:00:00Z"))
    except CronSimError as error:
        raise ValueError from error
    return text


def _flag(text: str) -> bool:
    return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[text.lower()]


_EXPECTED: dict[Callable[[str], Any], str] = {
    _folder: "a folder on this machine",
    _spark: "a master of Spark, spark://host:port",
    _table: "a table of BigQuery, project.dataset.table",
    _names: "hosts, separated by commas",
    _port: "a port, 1 to 65535",
    _link: "a URL, http:// or https://",
    _count: "a whole number, 1 or more",
    _hours: "whole hours, 0 or more",
    _whole: "a whole number, 0 or more",
    _day: "whole seconds, 1 to 86400",
    _days: "days, more than 0",
    _ratio: "a ratio, 0 to 1",
    _flag: "true or false",
    _cron: "a cron expression of five fields, such as 5 * * * *, or - for none",
}


def _setting(default: Any, read: Callable[[str], Any], summary: str) -> Any:
    """A field of the settings; its variable is the field's name in capitals behind the prefix."""
    return field(default=default, metadata={"read": read, "help": summary})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting of the drift and quality reports. Shares are parts of 1."""

    events_dir: Path = _setting(  # noqa: RUF009 - a path is as immutable as a text
        Path(".local/events"), _folder, "folder of the prediction log"
    )
    labels_dir: Path = _setting(  # noqa: RUF009 - a path is as immutable as a text
        Path(".local/labels"), _folder, "folder of the label log"
    )
    events_table: str = _setting(
        "", _table, "table of a log sink in BigQuery that has the prediction log, project.dataset.table; empty: files"
    )
    labels_table: str = _setting("", _table, "the same of the label log; empty: the same table")
    bigquery_location: str = _setting("", str, "where BigQuery's jobs run, such as EU; empty: where the table is")
    bigquery_gigabytes: int = _setting(100, _count, "what one statement may read in BigQuery; more is refused, unread")
    bigquery_seconds: int = _setting(600, _count, "time that one statement has in BigQuery")
    spark_master: str = _setting(
        "",
        _spark,
        "a Spark cluster that counts, spark://host:7077; it must see the folders at the same paths; empty: DuckDB",
    )
    models_dir: Path = _setting(  # noqa: RUF009 - a path is as immutable as a text
        Path("model-files"), _folder, "folder of the model packages, <name>/<version>/"
    )
    reports_dir: Path = _setting(  # noqa: RUF009 - a path is as immutable as a text
        Path(".local/reports"), _folder, "folder that the reports are written to"
    )
    archive_dir: Path = _setting(  # noqa: RUF009 - a path is as immutable as a text
        Path(".local/archive"), _folder, "folder of both logs as Parquet by the hour, and of their counts"
    )
    state_dir: Path = _setting(  # noqa: RUF009 - a path is as immutable as a text
        Path(".local"), _folder, "folder of everything that belongs to this machine"
    )
    monitoring_host: str = _setting("127.0.0.1", str, "address that the metrics are served on")
    monitoring_metrics_port: int = _setting(9110, _port, "port of the metrics")
    console_host: str = _setting("127.0.0.1", str, "address that the console is served on")
    console_port: int = _setting(8090, _port, "port of the console")
    console_names: tuple[str, ...] = _setting(
        (),
        _names,
        "hosts that browsers find the console at, separated by commas; empty: any, or the loopback's own there",
    )
    prometheus_url: str = _setting("", _link, "where a browser finds Prometheus, for the console's links; empty: none")
    drift_schedule: str = _setting(
        "5 * * * *", _cron, "when reports are made: a cron expression, in UTC; -: never here"
    )
    drift_jitter_seconds: int = _setting(
        0, _whole, "each run starts up to so many seconds later, on each machine by as much every time; 60 for fleets"
    )
    drift_day_seconds: int = _setting(
        DAY_SECONDS, _day, "length of a day, and its hours, in windows and all that is told in days; less for a demo"
    )
    drift_min_rows: int = _setting(1000, _count, "fewer predictions in a window are insufficient data")
    drift_step_hours: int = _setting(
        24,
        _hours,
        "an alert stands where the window that ended so many hours earlier alerted too; 0: it stands at once",
    )
    label_due_days: float = _setting(7.0, _days, "time after a prediction by which its label is due")
    label_min_count: int = _setting(500, _count, "fewer labels in a window are not enough to tell quality")
    quality_delta: float = _setting(0.05, _ratio, "how far below its package's metric a measure may be")
    reports_keep_days: int = _setting(
        400, _count, "days that reports stay: every one for two days, then the last one of each day"
    )
    events_keep_days: int = _setting(
        400,
        _whole,
        "days that closed segments of the prediction log stay once they are archived, and then there; 0: ever",
    )
    labels_keep_days: int = _setting(400, _whole, "the same of the label log")
    counts_keep_days: int = _setting(
        1200, _whole, "days that the counts of an hour stay, so that it can be judged without its events; 0: ever"
    )
    drift_memory_megabytes: int = _setting(1024, _count, "memory that counting may use; beyond it, the disk is used")
    evidently: bool = _setting(True, _flag, "have Evidently's own reports made too, where it is installed")
    evidently_rows: int = _setting(
        20_000, _count, "rows that Evidently is shown; more are shown as so many of the same shares"
    )
    evidently_seconds: int = _setting(300, _count, "time that Evidently has for all reports of a run")

    @property
    def pace(self) -> Pace:
        """How long a day lasts."""
        return Pace(self.drift_day_seconds)

    @property
    def least_keep_days(self) -> int:
        """Days of events and labels that reports look back at: less of them must not be kept."""
        before = max(self.drift_step_hours / 24, self.label_due_days)
        return math.ceil(self.pace.days(_LOOKED_BACK + before) / REAL.days(1)) + 1


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Make the settings from environment variables; what is not there, or empty, keeps its default.

    ``reports_dir`` is a folder of ``state_dir`` unless it is set.

    Raises:
        SettingsError: for a value that can't be read, or that would have deleted what reports need.
    """
    values: dict[str, Any] = {}
    for entry in fields(Settings):
        variable = PREFIX + entry.name.upper()
        text = environment.get(variable, "")
        if text:
            read = entry.metadata["read"]
            try:
                values[entry.name] = read(text)
            except (ValueError, KeyError) as error:
                raise SettingsError(f"{variable} is {text!r}, expected {_EXPECTED[read]}") from error
    if "state_dir" in values:
        for name in ("events", "labels", "reports", "archive"):
            values.setdefault(f"{name}_dir", values["state_dir"] / name)
    settings = Settings(**values)
    for name in ("events_keep_days", "labels_keep_days", "counts_keep_days"):
        if 0 < getattr(settings, name) < settings.least_keep_days:
            raise SettingsError(
                f"{PREFIX}{name.upper()} is {getattr(settings, name)}, expected 0 or at least {settings.least_keep_days}:"
                " reports look back so far"
            )
    return settings


def describe() -> Iterator[tuple[str, str, str]]:
    """Every setting as (environment variable, default, help), in the order of the table."""
    for entry in fields(Settings):
        default = "" if entry.default == () else str(entry.default)
        yield PREFIX + entry.name.upper(), default, entry.metadata["help"]
