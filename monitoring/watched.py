"""A model that is watched: its package's manifest, and the counts of what it was trained on."""

import hashlib
import hmac
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from model_files.manifest import MANIFEST_FILE, Manifest, ManifestError, decode
from model_files.package import find
from model_files.reference_file import REFERENCE_FILE, Reference
from model_files.reference_file import decode as decode_reference

# What counts and reports call what is no feature: one of that name would be added to it.
RESERVED = frozenset({"answer", "cell", "joint", "prediction", "probability"})
_log = logging.getLogger("puerta.monitoring.watched")


class WatchedError(ValueError):
    """A package whose reference can't be believed; the message names the package and the reason."""


@dataclass(frozen=True)
class Watched:
    """One version of one model."""

    manifest: Manifest
    reference: Reference

    @property
    def name(self) -> str:
        """The model's name."""
        return self.manifest.name

    @property
    def version(self) -> str:
        """Its version."""
        return self.manifest.version


def read_all(folder: Path) -> Iterator[Watched]:
    """Every packaged model; one that can't be believed is left out, and the log says why.

    Raises:
        PackageError: if ``folder`` is not a folder.
    """
    for path in find(folder):
        try:
            yield read(path)
        except WatchedError as error:
            _log.error("package not watched: %s", error)


def read(path: Path) -> Watched:
    """Read what drift needs of one package.

    Raises:
        WatchedError: if a file is missing, has another digest than the manifest says, or makes no sense; or a feature
            has a name that reports have for something else.
    """
    label = f"{path.parent.name}/{path.name}"
    try:
        manifest = decode((path / MANIFEST_FILE).read_bytes())
        text = (path / REFERENCE_FILE).read_bytes()
        expected = manifest.files.get(REFERENCE_FILE, "")
        if not hmac.compare_digest(hashlib.sha256(text).hexdigest(), expected):
            raise WatchedError(f"{label}: {REFERENCE_FILE} is not the one that was packaged")
        reference = decode_reference(text)
    except (ManifestError, msgspec.DecodeError, OSError) as error:
        raise WatchedError(f"{label}: {error}") from error
    names = [feature.name for feature in manifest.features]
    if list(reference.features) != names:
        raise WatchedError(f"{label}: {REFERENCE_FILE} counts {list(reference.features)}, expected {names}")
    if taken := sorted(RESERVED.intersection(names)):
        raise WatchedError(f"{label}: features are named {taken}, expected other names than {sorted(RESERVED)}")
    return Watched(manifest, reference)
