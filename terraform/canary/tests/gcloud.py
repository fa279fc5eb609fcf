"""A ``gcloud`` that knows one service, kept in a file: it answers as the real one does, and writes down every call.

In ``$GCLOUD_STATE``: ``newest``, ``latest`` (does it float), ``traffic`` by revision in percent, ``ready`` by revision, every
call in ``calls``, and in ``fail`` words: a call that holds one is refused, once for each time that the word is there.
"""

import json
import os
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

PATH = Path(os.environ["GCLOUD_STATE"])


def main() -> int:
    """Answer one call."""
    arguments = sys.argv[1:]
    state = json.loads(PATH.read_text())
    state["calls"].append(arguments)
    words = [word for word in state["fail"] if any(word in argument for argument in arguments)]
    if words:
        state["fail"].remove(words[0])
    said = "" if words else answer(arguments, state)
    swap = PATH.with_suffix(".new")
    swap.write_text(json.dumps(state))
    swap.replace(PATH)
    if words:
        return refused(arguments, f"PERMISSION_DENIED: {words[0]}")
    if said is None:
        return refused(arguments, f"Cannot find service [{arguments[3]}]")
    sys.stdout.write(f"{said}\n")
    return 0


def refused(arguments: list[str], why: str) -> int:
    """Say so as the real one does."""
    sys.stderr.write(f"ERROR: (gcloud.{'.'.join(arguments[:3])}) {why}\n")
    return 1


def answer(arguments: list[str], state: dict[str, Any]) -> str | None:
    """What it prints; None where there is no such service."""
    if arguments[:2] == ["auth", "print-access-token"]:
        return "a-token"
    named = dict(pairwise(arguments))
    assert named["--region"] == "europe-west1", arguments
    assert named["--project"] == "my-project", arguments
    assert arguments[-1] == "--quiet", arguments
    if not state["traffic"]:
        return None
    match arguments[:3]:
        case ["run", "services", "describe"]:
            traffic = [{"revisionName": name, "percent": part} for name, part in state["traffic"].items()]
            traffic.append({"revisionName": state["newest"], "tag": "look", "url": "https://look---puerta.a.run.app"})
            if state["latest"]:
                traffic[0]["latestRevision"] = True
            return json.dumps({"status": {"latestCreatedRevisionName": state["newest"], "traffic": traffic}})
        case ["run", "revisions", "describe"]:
            name = arguments[3]
            ready = state["ready"].get(name, True)
            condition = {"type": "Ready", "status": "True" if ready else "False"}
            if not ready:
                condition["message"] = "The container failed to start."
            number = int(name.rsplit("-", 1)[1])
            created = f"2026-11-22T00:{number // 60:02}:{number % 60:02}.000000Z"
            return json.dumps({"metadata": {"creationTimestamp": created}, "status": {"conditions": [condition]}})
        case ["run", "services", "update-traffic"]:
            split = next(one for one in arguments if one.startswith("--to-revisions=")).split("=", 1)[1]
            shares = {name: int(part) for name, part in (one.split("=") for one in split.split(","))}
            assert sum(shares.values()) == 100, shares
            state["traffic"], state["latest"] = shares, False
            return ""
    raise AssertionError(arguments)


if __name__ == "__main__":
    sys.exit(main())
