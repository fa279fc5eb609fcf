"""Settings from the environment: the fields of a frozen dataclass are the table of names, defaults and help."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from cronsim import CronSim, CronSimError

from monitoring.moment import parse
from monitoring.pace import DAY_SECONDS, Pace

PREFIX = "PUERTA_"


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


def _hours(text: str) -> int:
    hours = int(text)
    if hours < 0:
        raise ValueError
    return hours


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
    try:
        CronSim(text, parse("2026-01-01T00:00:00Z"))
    except CronSimError as error:
        raise ValueError from error
    return text


def _flag(text: str) -> bool:
    return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[text.lower()]


_EXPECTED: dict[Callable[[str], Any], str] = {
    _folder: "a folder on this machine",
    _port: "a port, 1 to 65535",
    _link: "a URL, http:// or https://",
    _count: "a whole number, 1 or more",
    _hours: "whole hours, 0 or more",
    _day: "whole seconds, 1 to 86400",
    _days: "days, more than 0",
    _ratio: "a ratio, 0 to 1",
    _flag: "true or false",
    _cron: "a cron expression of five fields, such as 5 * * * *",
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
    models_dir: Path = _setting(  # noqa: RUF009 - a path is as immutable as a text
        Path("model-files"), _folder, "folder of the model packages, <name>/<version>/"
    )
    reports_dir: Path = _setting(  # noqa: RUF009 - a path is as immutable as a text
        Path(".local/reports"), _folder, "folder that the reports are written to"
    )
    archive_dir: Path = _setting(  # noqa: RUF009 - a path is as immutable as a text
        Path(".local/archive"), _folder, "folder of the prediction log's past days as Parquet"
    )
    state_dir: Path = _setting(  # noqa: RUF009 - a path is as immutable as a text
        Path(".local"), _folder, "folder of everything that belongs to this machine"
    )
    monitoring_host: str = _setting("127.0.0.1", str, "address that the metrics are served on")
    monitoring_metrics_port: int = _setting(9110, _port, "port of the metrics")
    console_host: str = _setting("127.0.0.1", str, "address that the console is served on")
    console_port: int = _setting(8090, _port, "port of the console")
    prometheus_url: str = _setting("", _link, "where a browser finds Prometheus, for the console's links; empty: none")
    drift_schedule: str = _setting("5 * * * *", _cron, "when reports are made: a cron expression, in UTC")
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
    drift_memory_megabytes: int = _setting(1024, _count, "memory that counting may use; beyond it, the disk is used")
    evidently: bool = _setting(True, _flag, "have Evidently's own reports made too, where it is installed")
    evidently_rows: int = _setting(
        50_000, _count, "rows that Evidently is shown; more are shown as so many of the same shares"
    )
    evidently_seconds: int = _setting(300, _count, "time that Evidently has for all reports of a run")

    @property
    def pace(self) -> Pace:
        """How long a day lasts."""
        return Pace(self.drift_day_seconds)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Make the settings from environment variables; what is not there, or empty, keeps its default.

    ``reports_dir`` is a folder of ``state_dir`` unless it is set.

    Raises:
        SettingsError: for a value that can't be read.
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
    return Settings(**values)


def describe() -> Iterator[tuple[str, str, str]]:
    """Every setting as (environment variable, default, help), in the order of the table."""
    for entry in fields(Settings):
        yield PREFIX + entry.name.upper(), str(entry.default), entry.metadata["help"]
