"""Configuration files of other programs: read as they are committed, written as this machine needs them."""

import json
from pathlib import Path
from typing import Any

import yaml

from gateway_config.files import write_private

_FILES = ("templates", "rule_files", "files")  # beside all that ends with _file


class ConfigurationError(ValueError):
    """A configuration that can't be used; the message names the file, or the setting that chooses it."""


class _Loader(yaml.SafeLoader):
    """YAML as programs in Go read it: a date is text, and so is 17:00, which YAML 1.1 takes for a number of base 60."""

    def construct_whole_number(self, node: yaml.ScalarNode) -> int | str:
        """A number, unless it is a time of day."""
        return node.value if ":" in node.value else self.construct_yaml_int(node)

    yaml_constructors = yaml.SafeLoader.yaml_constructors | {
        "tag:yaml.org,2002:int": construct_whole_number,
        "tag:yaml.org,2002:timestamp": yaml.SafeLoader.construct_scalar,
    }


def read(path: Path, variable: str) -> dict[str, Any]:
    """A YAML file that holds a mapping; ``variable`` is the setting that chooses it.

    Names of files in it begin at its own folder, as these programs have it. They are made absolute.

    Raises:
        ConfigurationError: if it is none.
    """
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - it makes no more than SafeLoader
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigurationError(f"{path}: {reason}; {variable} chooses another file") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise ConfigurationError(f"{path}: {type(document).__name__} came, expected a mapping")
    return {key: _locate(key, value, path.absolute().parent) for key, value in document.items()}


def write(path: Path, document: dict[str, Any]) -> None:
    """Write a configuration that only its owner can read; JSON is YAML too."""
    write_private(path, json.dumps(document, indent=2).encode())


def _locate(key: str, value: Any, folder: Path) -> Any:
    if isinstance(value, dict):
        return {name: _locate(name, item, folder) for name, item in value.items()}
    if isinstance(value, list):
        return [_locate(key, item, folder) for item in value]
    if isinstance(value, str) and (key in _FILES or str(key).endswith("_file")):
        return str(folder / value)
    return value
