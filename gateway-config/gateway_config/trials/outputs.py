"""What Terraform says of a deployment: the file that ``terraform output -json`` is written to."""

import json
from pathlib import Path

from gateway_config.settings import SettingsError


class OutputsError(SettingsError):
    """A file that tells no address."""


def read_output(path: Path, name: str) -> str:
    """The address that an output tells; plain texts instead of Terraform's ``{"value": ...}`` will do too.

    Raises:
        OutputsError: if the file can't be read, or the output is missing or no text.
    """
    try:
        outputs = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OutputsError(f"{path}: {error}, expected Terraform's outputs as JSON") from error
    told = outputs.get(name) if isinstance(outputs, dict) else None
    url = told.get("value") if isinstance(told, dict) else told
    if not isinstance(url, str) or not url:
        raise OutputsError(f"{path}: {name}: {told!r} came, expected a URL")
    return url
