"""Configuration files of other programs: read as they are committed, written as this machine needs them."""

import json
from pathlib import Path
from typing import Any

import yaml

from gateway_config.files import write_private


class ConfigurationError(ValueError):
    """A configuration that can't be used; the message names the file, or the setting that chooses it."""


def read(path: Path, variable: str) -> dict[str, Any]:
    """A YAML file that holds a mapping; ``variable`` is the setting that chooses it.

    Raises:
        ConfigurationError: if it is none.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigurationError(f"{path}: {reason}; {variable} chooses another file") from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise ConfigurationError(f"{path}: {type(document).__name__} came, expected a mapping")
    return document


def write(path: Path, document: dict[str, Any]) -> None:
    """Write a configuration that only its owner can read; JSON is YAML too."""
    write_private(path, json.dumps(document, indent=2).encode())
