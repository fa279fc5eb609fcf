"""``python -m dashboards``: build the dashboards from the specs, and see that what they show is there."""

import argparse
import sys
import time
from pathlib import Path

from dashboards.check import broken_rules, live
from dashboards.generated import RUNBOOKS, Stale, files, require_fresh, write
from dashboards.preview import command as preview
from dashboards.preview import pictures
from dashboards.preview.model import ModelError
from dashboards.preview.period import Period
from dashboards.preview.prometheus import Prometheus, PrometheusError, duration
from slo.burn import Windows
from slo.policy import read_policies
from slo.reading import SpecError, read_specs

ROOM = Path(__file__).parent
GENERATED = ROOM / "generated"
OBJECTIVES = ROOM.parent / "slo"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0, or 1 with what is wrong on standard error."""
    options = _parser().parse_args(arguments)
    if options.command in {"preview", "pictures"}:
        return int(options.run(options))
    try:
        windows = Windows.read(OBJECTIVES / "burn-windows.yaml")
        policies = read_policies(OBJECTIVES / "budget-policies.yaml")
        specs = read_specs(OBJECTIVES / "specs", windows, policies)
        if options.command == "build":
            for path in write(files(specs, windows, policies, options.runbooks), options.out):
                print(f"wrote {path}")
            return 0
        require_fresh(files(specs, windows, policies), GENERATED)
        return _check(options)
    except (SpecError, Stale, ModelError, PrometheusError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


def _check(options: argparse.Namespace) -> int:
    wrong = broken_rules(GENERATED)
    if options.prometheus:
        end = time.time()
        for report in live(GENERATED, Prometheus(options.prometheus), Period(end - duration(options.last), end)):
            print(f"{report.dashboard}: {report.asked} queries, {len(report.wrong)} wrong, {len(report.quiet)} quiet")
            for line in report.quiet:
                print(f"  quiet: {line}")
            wrong += report.wrong
    print("\n".join(wrong) or "all well", file=sys.stderr if wrong else sys.stdout)
    return 1 if wrong else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dashboards", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="write the dashboards' JSON anew, from the specs")
    build.add_argument("--runbooks", metavar="URL", default=RUNBOOKS, help="where runbooks are (default: %(default)s)")
    build.add_argument("--out", metavar="FOLDER", type=Path, default=GENERATED, help="(default: %(default)s)")
    check = commands.add_parser("check", help="hold what is committed to the specs, and every query to a Prometheus")
    check.add_argument("--prometheus", metavar="URL", help="one that watches a running platform with traffic")
    check.add_argument(
        "--last", metavar="DURATION", default="15m", help="the time that is looked at (default: %(default)s)"
    )
    preview.add(commands)
    pictures.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
