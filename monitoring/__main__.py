"""``python -m monitoring``: drift, quality and label reports, by hand and on a schedule."""

import argparse
import os
import sys
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from monitoring import moment
from monitoring.settings import Settings, SettingsError, describe, read_settings

_ALERT, _FAILED = 1, 2
_BUSY = os.EX_TEMPFAIL  # 75 of sysexits.h: nothing is wrong, try again later
_NICENESS = 10


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 for no alert, 1 where an alert stands, 2 where it could not be done, 75 where another run is at it."""
    options = _parser().parse_args(arguments)
    if options.command == "settings":
        for name, default, summary in describe():
            print(f"{name:32} {default:16} {summary}")
        return 0
    try:
        settings = read_settings(os.environ)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return _FAILED
    if options.command == "schedule":
        from monitoring.schedule.command import schedule

        return schedule(settings, os.environ)
    if options.command == "sql":
        return _print_sql(settings, options)
    if options.command == "dataset":
        return _dataset(settings, options)
    return _drift_run(settings, options)


def _drift_run(settings: Settings, options: argparse.Namespace) -> int:
    try:
        return _report(settings, options)
    except Exception:  # noqa: BLE001 - Python's own exit code for what nobody foresaw is 1, which is an alert here
        traceback.print_exc()
        return _FAILED


def _print_sql(settings: Settings, options: argparse.Namespace) -> int:
    from monitoring.counting.bigquery.sink import SinkError
    from monitoring.counting.bigquery.statement import count_sql
    from monitoring.watched import WatchedError, read

    try:
        watched = read(settings.models_dir / options.model / options.version)
        print(count_sql(watched, options.table, options.since, options.until))
    except (WatchedError, SinkError) as error:
        print(error, file=sys.stderr)
        return _FAILED
    return 0


def _report(settings: Settings, options: argparse.Namespace) -> int:
    from duckdb import Error

    from model_files.package import PackageError
    from monitoring.counting.index import ArchiveError
    from monitoring.counting.source import SourceError
    from monitoring.lock import LockError
    from monitoring.report import ReportError
    from monitoring.run import WINDOWS, RunError, run
    from monitoring.table import lines

    progress = _progress(quiet=options.quiet)
    if options.gently:
        os.nice(_NICENESS)
    at = options.at or datetime.now(UTC)
    try:
        reports = run(settings, at, options.window or WINDOWS, progress, catch_up=options.catch_up)
    except LockError as error:
        print(f"nothing done, another run is under way: {error}", file=sys.stderr)
        return _BUSY
    except (RunError, ReportError, ArchiveError, SourceError, PackageError, OSError, Error) as error:
        print(f"the reports could not be made: {error}", file=sys.stderr)
        return _FAILED
    for line in lines(reports):
        print(line)
    progress(f"written to {settings.reports_dir}")
    stands = any(report.views["aligned"].alerts for report in reports)
    return _ALERT if stands and not options.exit_zero else 0


def _dataset(settings: Settings, options: argparse.Namespace) -> int:
    from duckdb import Error

    from model_files.package import PackageError
    from monitoring.counting.index import ArchiveError
    from monitoring.counting.source import SourceError
    from monitoring.dataset import DatasetError, write_dataset

    progress = _progress(quiet=options.quiet)
    try:
        count = write_dataset(
            settings, options.model, options.out, options.since, options.until, progress, options.onto
        )
    except (DatasetError, ArchiveError, SourceError, PackageError, OSError, Error) as error:
        print(f"not written: {error}", file=sys.stderr)
        return _FAILED
    print(f"{options.out}: {count:,} labelled predictions")
    return 0


def _progress(*, quiet: bool) -> Callable[[str], None]:
    began = time.monotonic()

    def progress(what: str) -> None:
        if not quiet:
            print(f"{time.monotonic() - began:6.1f} s  {what}", file=sys.stderr, flush=True)

    return progress


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m monitoring", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    drift = commands.add_parser("drift", help="what the logged inputs and the late labels say")
    actions = drift.add_subparsers(dest="action", required=True)
    once = actions.add_parser("run", help="make the reports now; exit code 0 no alert, 1 alert, 2 could not be done")
    once.add_argument(
        "--window",
        action="append",
        choices=("1d", "7d", "28d"),
        help="only this window; may be given more than once (default: every one)",
    )
    once.add_argument(
        "--at", type=_moment, metavar="TIME", help="as of the hour of this moment, such as 2026-07-01T12:00:00Z"
    )
    once.add_argument(
        "--catch-up",
        action="store_true",
        help="make the reports of the last 28 days' ends too that are missing, or whose events or labels changed since",
    )
    once.add_argument("--exit-zero", action="store_true", help="exit code 0 also where an alert stands")
    once.add_argument("--quiet", action="store_true", help="no progress, only the result")
    once.add_argument(
        "--gently", action="store_true", help="at low priority, so that what serves beside it is not held up"
    )
    dataset = commands.add_parser("dataset", help="write the labelled predictions as training data of the next version")
    dataset.add_argument("--model", required=True, metavar="NAME", help="whose predictions, of every version")
    dataset.add_argument(
        "--out", type=Path, required=True, metavar="FILE.csv", help="counts for `model_files train`, rows otherwise"
    )
    dataset.add_argument("--from", dest="since", type=_moment, metavar="TIME", help="predictions of it or later (all)")
    dataset.add_argument("--to", dest="until", type=_moment, metavar="TIME", help="and before it (now)")
    dataset.add_argument(
        "--onto",
        type=Path,
        metavar="FILE.csv",
        help="what it was trained on before: of the months (or what follows the calendar) that the log lacks it is kept",
    )
    dataset.add_argument("--quiet", action="store_true", help="no progress, only the result")
    statement = commands.add_parser("sql", help="print the statement that counts a model's predictions in BigQuery")
    statement.add_argument("--dialect", choices=("bigquery",), default="bigquery", help="whose (%(default)s)")
    statement.add_argument("--model", required=True, metavar="NAME", help="the packaged model")
    statement.add_argument("--version", default="1", help="its version (%(default)s)")
    statement.add_argument(
        "--table",
        default="project.dataset.run_googleapis_com_stdout",
        metavar="TABLE",
        help="the table of the log sink (%(default)s)",
    )
    statement.add_argument(
        "--from", dest="since", type=_moment, metavar="TIME", help="predictions of it or later (all)"
    )
    statement.add_argument("--to", dest="until", type=_moment, metavar="TIME", help="and before it (all)")
    commands.add_parser("schedule", help="make the reports at their time, and serve them as metrics, until SIGTERM")
    commands.add_parser("settings", help="list every setting, its default and what it does")
    return parser


def _moment(text: str) -> datetime:
    try:
        return moment.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}, expected a moment such as 2026-07-01T12:00:00Z") from error


if __name__ == "__main__":
    sys.exit(main())
