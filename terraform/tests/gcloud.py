"""Writes gcloud.yaml, the commands of README.md and outputs with their flags, from an installed SDK's completion table.

python -m terraform.tests.gcloud /usr/lib/google-cloud-sdk
"""

import ast
import sys
from pathlib import Path
from typing import Any

import yaml

# The commands that the page and the outputs name.
NAMES = (
    "artifacts docker images describe",
    "auth application-default login",
    "auth application-default set-quota-project",
    "auth configure-docker",
    "auth login",
    "auth print-identity-token",
    "config set",
    "projects describe",
    "pubsub subscriptions pull",
    "run jobs execute",
    "run services proxy",
    "run services update-traffic",
    "services api-keys delete",
    "services api-keys get-key-string",
    "services enable",
    "storage cp",
    "storage rm",
    "storage rsync",
)
_MADE = "# Made by `python -m terraform.tests.gcloud SDK` from gcloud's own completion table.\n"


def main(sdk: Path) -> None:
    """Take the flags of each command out of the table."""
    source = ast.parse((sdk / "data/cli/gcloud_completions.py").read_text(encoding="utf-8"))
    [assigned] = (node.value for node in source.body if isinstance(node, ast.Assign))
    tree: dict[str, Any] = ast.literal_eval(assigned)
    commands = {}
    for name in NAMES:
        node = tree
        for word in name.split():
            node = node["commands"][word]
        commands[name] = sorted(node["flags"])
    document = {
        "version": (sdk / "VERSION").read_text(encoding="utf-8").strip(),
        "everywhere": sorted(tree["flags"]),
        "commands": commands,
    }
    text = yaml.safe_dump(document, sort_keys=False, default_flow_style=None, width=120)
    (Path(__file__).parent / "gcloud.yaml").write_text(_MADE + text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
