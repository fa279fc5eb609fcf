"""``python -m terraform.workflows``: hold the workflows to their syntax and to this repository's rules."""

import argparse
import sys
from pathlib import Path

from terraform.workflows import actionlint, references
from terraform.workflows.rules import RULES
from terraform.workflows.workflow import FOLDER, Complaint, Workflow, WorkflowError, read_all


def main(arguments: list[str] | None = None) -> int:
    """0 all well, 1 something is wrong, 2 it could not be told."""
    parser = argparse.ArgumentParser(prog="python -m terraform.workflows", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="(default: .github/workflows)")
    options = parser.parse_args(arguments)
    try:
        found = read_all(options.folder)
        wrong = [*actionlint.complaints(found), *own(found)]
    except (WorkflowError, actionlint.ActionlintError) as error:
        print(error, file=sys.stderr)
        return 2
    for complaint in sorted(wrong, key=lambda one: (str(one.path), one.line)):
        print(complaint, file=sys.stderr)
    print(f"{len(found)} workflows, {f'{len(wrong)} complaints' if wrong else 'all well'}")
    return 1 if wrong else 0


def own(workflows: tuple[Workflow, ...]) -> list[Complaint]:
    """What breaks a rule of this repository, or names what is not there."""
    broken = [complaint for one in workflows for rule in RULES for complaint in rule(one)]
    return [*broken, *(complaint for one in workflows for complaint in references.complaints(one))]


if __name__ == "__main__":
    sys.exit(main())
