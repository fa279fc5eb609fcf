"""``python -m terraform faults``: put in every fault, and see each caught; or write the table of them."""

import argparse
import sys

from terraform.faults.bench import missed, prepare
from terraform.faults.fault import ROOM, Fault, read
from terraform.workspace import workspace

README = ROOM / "README.md"
BEGIN, END = "<!-- BEGIN TABLE -->\n", "<!-- END TABLE -->\n"
CHECKS = {
    "fmt": "`terraform fmt`",
    "validate": "`terraform validate`",
    "hcl": "`check --hcl`, without terraform",
    "test": "`terraform test`",
    "plan": "`terraform plan`",
    "deployment": "`tests/test_deployment.py`",
    "inventory": "`inventory --check`",
    "scan": "`scan`",
    "docs": "`docs --check`",
    "generated": "`gateway_config render --check`",
}


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the tool's own."""
    parser = commands.add_parser("faults", help="put faults into a copy; exit code 1 where a check lets one pass")
    parser.add_argument("names", metavar="FAULT", nargs="*", help="such as misspelt-argument (default: every one)")
    parser.add_argument(
        "--table", action="store_true", help="put none in, write the table in terraform/faults/README.md"
    )
    parser.set_defaults(run=_run)


def readme(faults: dict[str, Fault]) -> str:
    """The README, with the table of the faults in it."""
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    rows = [
        f"| {fault.what} | `{fault.folder.name}` | {CHECKS[fault.check]}{_which(fault)} | {fault.says} |"
        for fault in faults.values()
    ]
    table = "\n".join(["| Fault | In | Caught by | Which says |", "|---|---|---|---|", *rows])
    return f"{before}{BEGIN}{table}\n{END}{rest.partition(END)[2]}"


def _which(fault: Fault) -> str:
    return f" {fault.by_name}" if fault.by_name else ""


def _run(options: argparse.Namespace) -> int:
    out, err = sys.stdout, sys.stderr
    faults = read()
    if options.table:
        README.write_text(readme(faults), encoding="utf-8")
        return 0
    if unknown := set(options.names) - faults.keys():
        raise ValueError(f"{', '.join(sorted(unknown))} came, expected some of {', '.join(faults)}")
    names = options.names or list(faults)
    with workspace(lambda text: print(text, file=err)) as at:
        passed = missed(prepare(at, {name: faults[name] for name in names}), names)
    for line in passed:
        print(line, file=err)
    print(f"{len(names)} faults, {len(names) - len(passed)} caught", file=out)
    return 1 if passed else 0
