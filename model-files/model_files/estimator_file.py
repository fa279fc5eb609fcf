"""Estimators on disk: skops files, the same bytes for the same estimator, and no other format.

A pickle runs whatever it was told to when it is opened; a skops file only names the types to build, and a type that
is not trusted is refused before anything is built. Only training, packaging and verifying open these files: the service
does not.
"""

import io
import json
import warnings
import zipfile
from pathlib import Path
from typing import Any

import skops.io

ESTIMATOR_FILE = "model.skops"
_PICKLES = frozenset({".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle", ".sav"})
_SCHEMA = "schema.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip file can hold


class EstimatorFileError(ValueError):
    """A file that is refused; the message names the file, what it is and what was expected."""


class UntrustedTypesError(EstimatorFileError):
    """A skops file with types that are not trusted by default; the message lists them."""


def dump(estimator: Any) -> bytes:
    """Write an estimator as a skops file.

    skops names objects by their address in memory and stamps the time; both are replaced (by a running number, and by
    a fixed date), so that training twice gives the same bytes.

    Raises:
        EstimatorFileError: if skops has no way to write some part of it.
    """
    numbers: dict[str, str] = {}

    def renumber(node: Any) -> Any:
        if isinstance(node, list):
            return [renumber(item) for item in node]
        if not isinstance(node, dict):
            return node
        renamed = {key: renumber(value) for key, value in node.items() if key not in {"__id__", "file"}}
        if "__id__" in node:
            renamed["__id__"] = int(numbers.setdefault(str(node["__id__"]), str(len(numbers))))
        if "file" in node:
            address, dot, suffix = str(node["file"]).partition(".")
            renamed["file"] = numbers.setdefault(address, str(len(numbers))) + dot + suffix
        return renamed

    try:
        written = skops.io.dumps(estimator)
    except Exception as error:
        # skops raises what it meets inside of the estimator: all of it means that this one cannot be written.
        raise EstimatorFileError(f"{type(estimator).__name__} cannot be saved with skops: {error}") from error
    with zipfile.ZipFile(io.BytesIO(written)) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    schema = renumber(json.loads(content.pop(_SCHEMA)))
    files = {_SCHEMA: json.dumps(schema, separators=(",", ":")).encode()}
    for name, data in content.items():
        address, dot, suffix = name.partition(".")
        files[numbers[address] + dot + suffix] = data
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name])
    return buffer.getvalue()


def load(path: Path) -> Any:
    """Read an estimator from a skops file.

    Raises:
        EstimatorFileError: if the file is missing, is a pickle or no skops file, or cannot be read.
        UntrustedTypesError: if it holds a type that skops does not trust by itself.
    """
    if path.suffix in _PICKLES:
        raise EstimatorFileError(
            f"{path}: pickle and joblib files are never opened, for opening one runs the code in it; "
            f"save the estimator with skops.io.dump(estimator, '{path.stem}.skops')"
        )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise EstimatorFileError(f"{path}: {error.strerror}, expected an estimator saved with skops.io.dump") from error
    return loads(data, str(path))


def loads(data: bytes, source: str) -> Any:
    """Read an estimator from a skops file's bytes; ``source`` names them in an error.

    Raises:
        EstimatorFileError: as :func:`load`.
        UntrustedTypesError: as :func:`load`.
    """
    if not zipfile.is_zipfile(io.BytesIO(data)):
        kind = "a pickle" if data[:1] == b"\x80" else "no skops file"
        raise EstimatorFileError(f"{source}: it is {kind}, expected an estimator saved with skops.io.dump")
    try:
        untrusted = skops.io.get_untrusted_types(data=data)
        with warnings.catch_warnings():
            # Another scikit-learn wrote it: `verify` compares versions, and answers, itself.
            warnings.simplefilter("ignore")
            estimator = None if untrusted else skops.io.loads(data, trusted=[])
    except Exception as error:
        # skops reads what a stranger may have written: whatever it raises is the file's fault.
        raise EstimatorFileError(f"{source}: skops cannot read it: {error}") from error
    if untrusted:
        raise UntrustedTypesError(
            f"{source}: it holds types that skops does not trust, and that a stranger could have made to crash or to "
            f"mislead whoever opens them: {', '.join(sorted(untrusted))}"
        )
    return estimator
