"""``python -m monitoring``: drift, quality and label reports, by hand and on a schedule."""

import argparse
import os
import sys
import time
import traceback
from datetime import UTC, datetime

from monitoring import moment
from monitoring.settings import Settings, SettingsError, describe, read_settings

_ALERT, _FAILED = 1, 2
_NICENESS = 10


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 for no alert, 1 where an alert stands, 2 where it could not be done."""
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
    return _drift_run(settings, options)


def _drift_run(settings: Settings, options: argparse.Namespace) -> int:
    try:
        return _report(settings, options)
    except Exception:  # noqa: BLE001 - Python's own exit code for what nobody foresaw is 1, which is an alert here
        traceback.print_exc()
        return _FAILED


def _report(settings: Settings, options: argparse.Namespace) -> int:
    from duckdb import Error

    from model_files.package import PackageError
    from monitoring.counting.archive import ArchiveError
    from monitoring.report import ReportError
    from monitoring.run import WINDOWS, RunError, run
    from monitoring.table import lines

    began = time.monotonic()

    def progress(what: str) -> None:
        if not options.quiet:
            print(f"{time.monotonic() - began:6.1f} s  {what}", file=sys.stderr, flush=True)

    if options.gently:
        os.nice(_NICENESS)
    at = options.at or datetime.now(UTC)
    try:
        reports = run(settings, at, options.window or WINDOWS, progress)
    except (RunError, ReportError, ArchiveError, PackageError, OSError, Error) as error:
        print(f"the reports could not be made: {error}", file=sys.stderr)
        return _FAILED
    for line in lines(reports):
        print(line)
    progress(f"written to {settings.reports_dir}")
    return _ALERT if any(report.views["aligned"].alerts for report in reports) else 0


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
    once.add_argument("--quiet", action="store_true", help="no progress, only the result")
    once.add_argument(
        "--gently", action="store_true", help="at low priority, so that what serves beside it is not held up"
    )
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
