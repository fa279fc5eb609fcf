"""Prints HCL files as JSON, one object by path; run with the interpreter of ``tools.txt``, which has python-hcl2."""

import json
import sys
from pathlib import Path
from typing import Any

import hcl2
from lark.exceptions import LarkError

_OPTIONS = hcl2.SerializationOptions(with_comments=False)


def parsed(path: str) -> dict[str, Any]:
    """A file's blocks, or under ``error`` what is wrong with it."""
    try:
        read: dict[str, Any] = hcl2.loads(Path(path).read_text(encoding="utf-8"), serialization_options=_OPTIONS)
    except LarkError as error:
        return {"error": str(error).strip().splitlines()[0]}
    return read


if __name__ == "__main__":
    json.dump({path: parsed(path) for path in sys.argv[1:]}, sys.stdout)
