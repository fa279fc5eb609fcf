"""``python -m terraform``: check the deployment without a cloud, and keep what is made of it."""

import argparse
import sys
from collections.abc import Callable

from terraform import commands, costs, diagrams, inventory
from terraform.checkov import command as scanning
from terraform.checkov.scan import ScanError
from terraform.documentation import command as documentation
from terraform.faults import command as faults
from terraform.hcl.blocks import HclError
from terraform.provider.environment import FetchError
from terraform.provider.extraction import ExtractionError
from terraform.provider.serving import ServerError
from terraform.workspace import TerraformError

MISTAKES = (ExtractionError, FetchError, HclError, ScanError, ServerError, TerraformError, ValueError)
ADDED = (
    commands.add,
    scanning.add,
    documentation.add,
    faults.add,
    inventory.add_parser,
    costs.add_parser,
    diagrams.add_parser,
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command: 0, 1 with what is wrong on standard error, 2 if the command itself can't run."""
    parser = argparse.ArgumentParser(prog="python -m terraform", description=__doc__)
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in ADDED:
        add(subparsers)
    options = parser.parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.run
    try:
        return command(options)
    except MISTAKES as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
