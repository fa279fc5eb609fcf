"""``python -m terraform scan``: checkov over all of the HCL, or one folder of it."""

import argparse
import sys
from pathlib import Path

from terraform.checkov.scan import POLICIES, read_skips, scan, settled
from terraform.folders import ROOM


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the tool's own."""
    parser = commands.add_parser("scan", help="checkov, with policies of our own; exit code 1 where something fails")
    parser.add_argument("folder", metavar="FOLDER", nargs="?", type=Path, help="a folder of HCL (default: all of it)")
    parser.add_argument("--skipped", action="store_true", help="list what is skipped, with the reasons")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    out, err = sys.stdout, sys.stderr
    found = scan(options.folder or ROOM, lambda text: print(text, file=err))
    if options.folder is None:
        found = settled(found, read_skips())
    if options.skipped:
        for skip in sorted(found.skipped):
            print(f"{skip}: skipped: {skip.reason}", file=out)
    wrong = found.wrong()
    for line in wrong:
        print(line, file=err)
    ours = len(list(POLICIES.glob("*.yaml")))
    print(
        f"{found.resources} resources, {len(found.passed)} checks passed, {len(wrong)} failed, "
        f"{len(found.skipped)} skipped with a reason; {ours} policies are our own",
        file=out,
    )
    return 1 if wrong else 0
