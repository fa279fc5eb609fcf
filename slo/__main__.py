"""``python -m slo``: validate the specs, generate what is made of them, and tell how the objectives stand."""

import argparse
import re
import sys
from decimal import Decimal
from pathlib import Path
from typing import get_args

from slo import status
from slo.burn import Windows
from slo.contract import ContractError, fetch, missing, read_declared, read_exposition
from slo.generated import Stale, files, require_fresh, rules_files, write
from slo.pace import REAL, Pace, PaceError
from slo.policy import Policies, Release, read_policies
from slo.reading import SpecError, read_specs
from slo.spec import Spec
from slo.status import StatusError

ROOM = Path(__file__).parent


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0, or 1 with what is wrong on standard error."""
    options = _parser().parse_args(arguments)
    try:
        windows = Windows.read(ROOM / "burn-windows.yaml")
        if options.command == "import":
            return _import(windows, options)
        policies = read_policies(ROOM / "budget-policies.yaml")
        specs = read_specs(ROOM / "specs", windows, policies)
        if options.command == "status":
            return _status(specs, policies, options)
        if options.command == "generate":
            _generate(specs, windows, options)
        if options.command == "validate":
            files(specs, windows)  # what can't be made of a spec is a mistake of it too
        if options.command == "check":
            require_fresh(files(specs, windows), ROOM / "generated")
            texts = [fetch(url) for url in options.metrics]
            if texts and (complaints := list(missing(specs, read_exposition(texts), read_declared(texts)))):
                print("\n".join(complaints), file=sys.stderr)
                return 1
    except (SpecError, Stale, StatusError, PaceError, ContractError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(specs)} objectives, all well")
    return 0


def _generate(specs: tuple[Spec, ...], windows: Windows, options: argparse.Namespace) -> None:
    pace = Pace(options.faster)
    if options.out is None and pace != REAL:
        raise PaceError("--faster: expected --out with it; what is committed is of the real pace")
    made = files(specs, windows) if pace == REAL else rules_files(specs, windows, pace)
    for path in write(made, options.out or ROOM / "generated", alone=options.out is None):
        print(f"wrote {path}")


def _import(windows: Windows, options: argparse.Namespace) -> int:
    from slo.openslo.objectives import read_objectives
    from slo.openslo.spec_file import spec_file

    for spec in read_objectives(options.file, windows):
        if options.out is None:
            print(spec_file(spec), end="")
            continue
        path = options.out / f"{spec.name}.yaml"
        with path.open("x", encoding="utf-8") as file:  # never over a spec that is there
            file.write(spec_file(spec))
        print(f"wrote {path}; `python -m slo validate` tells whether it can be used")
    return 0


def _status(specs: tuple[Spec, ...], policies: Policies, options: argparse.Namespace) -> int:
    found = status.statuses(specs, status.prometheus(options.prometheus), policies, Pace(options.faster))
    if options.json:
        print(status.document(found))
    else:
        lines = [status.HEAD, *status.rows(found)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(status.HEAD))]
        for line in lines:
            print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    refused = status.refusals(found, options.least / 100, options.release)
    if refused:
        print("a release has to wait:", *refused, sep="\n  ", file=sys.stderr)
    return 1 if refused else 0


def _percent(text: str) -> Decimal:
    if not re.fullmatch(r"\d{1,2}(\.\d+)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} came, expected percent, less than 100")
    return Decimal(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m slo", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("validate", help="read the specs, and tell every mistake with file, line and field")
    generate = commands.add_parser("generate", help="write the rules and their tests anew")
    generate.add_argument("--out", metavar="FOLDER", type=Path, help="instead of the committed files")
    generate.add_argument(
        "--faster",
        metavar="TIMES",
        type=int,
        default=1,
        help="rules alone, with every duration divided by this, for tests and drills; with --out",
    )
    check = commands.add_parser("check", help="hold what is committed to the specs, and the specs to running parts")
    check.add_argument(
        "--metrics", metavar="URL", nargs="*", default=[], help="where parts expose what the objectives are measured by"
    )
    taken = commands.add_parser(
        "import", help="OpenSLO v1 documents as specs; what a spec can't say is refused by line"
    )
    taken.add_argument("file", metavar="FILE", type=Path)
    taken.add_argument("--out", metavar="FOLDER", type=Path, help="where to write NAME.yaml (default: print it)")
    stand = commands.add_parser("status", help="how the objectives stand; exit code 1 where a release has to wait")
    stand.add_argument("--prometheus", metavar="URL", default="http://127.0.0.1:9090", help="(default: %(default)s)")
    stand.add_argument("--json", action="store_true", help="as JSON, for programs")
    stand.add_argument(
        "--least",
        type=_percent,
        default=Decimal(0),
        metavar="PERCENT",
        help="of every budget that has to be left (default: 0)",
    )
    stand.add_argument(
        "--release", choices=get_args(Release), help="whether the objectives' policies allow a release of this kind"
    )
    stand.add_argument(
        "--faster",
        metavar="TIMES",
        type=int,
        default=1,
        help="as the rules were generated that this Prometheus evaluates",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
