"""Model packages on disk: finding them, writing them, and reading one only when every byte is as its manifest says."""

import hashlib
import hmac
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from model_files.manifest import MANIFEST_FILE, MODEL_FILE, Manifest, ManifestError, decode, encode

# What may stand in a package. Anything else is refused, so that a pickle cannot ride along.
FILES = frozenset({MANIFEST_FILE, MODEL_FILE, "model.skops", "reference.json", "held-out.json", "card.md"})
_DOCUMENTATION = frozenset({".png", ".svg"})


class PackageError(ValueError):
    """A package that is refused; the message names the package, the file and the reason."""


@dataclass(frozen=True)
class Package:
    """A verified model package: its manifest, and the bytes of the ONNX graph that the digest was taken of."""

    path: Path
    manifest: Manifest
    graph: bytes
    sha256: str  # of manifest.json, which holds every other file's digest: it names the whole package


def find(folder: Path) -> list[Path]:
    """The folders ``<name>/<version>/`` below ``folder`` that hold a manifest, by name, oldest version first.

    Raises:
        PackageError: if ``folder`` is not a folder.
    """
    if not folder.is_dir():
        raise PackageError(f"{folder}: not a folder, expected <name>/<version>/{MANIFEST_FILE} below it")
    # A folder with a dot is a package that is just being written.
    found = [path.parent for path in folder.glob(f"*/*/{MANIFEST_FILE}") if not path.parent.name.startswith(".")]
    return sorted(found, key=lambda path: (path.parent.name, version_order(path.name)))


def write(folder: Path, manifest: Manifest, files: Mapping[str, bytes], *, replace: bool = False) -> Path:
    """Write a package as ``<name>/<version>/`` below ``folder``, all of it or nothing.

    Args:
        folder: Where packages are.
        manifest: What the manifest says; the digests of its files are put in.
        files: The package's other files.
        replace: Whether another package of this name and version gives way. By default a version stays what it is.

    Returns:
        The package's folder.

    Raises:
        ManifestError: if the manifest contradicts itself.
        PackageError: if the version is there with other bytes, or the folder cannot be written.
    """
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    text = encode(msgspec.structs.replace(manifest, files=digests))
    decode(text)
    complete = {**files, MANIFEST_FILE: text}
    path = folder / manifest.name / manifest.version
    label = f"{manifest.name}/{manifest.version}"
    partial, former = (path.with_name(f".{path.name}.{suffix}") for suffix in ("partial", "former"))
    try:
        if path.exists() and not replace:
            if {entry.name: entry.read_bytes() for entry in path.iterdir()} == complete:
                return path
            raise PackageError(f"{label}: it is there and holds something else; give another version, or replace it")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for name, content in complete.items():
            (partial / name).write_bytes(content)
        if path.exists():
            path.rename(former)
        partial.rename(path)
        shutil.rmtree(former, ignore_errors=True)
    except OSError as error:
        raise PackageError(f"{label}: {error.strerror}: {error.filename}") from error
    return path


def version_order(version: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key that puts 10 after 9 and 1.10 after 1.9; numbers sort before words."""
    return tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.findall(r"\d+|[A-Za-z]+", version)
    )


def read(path: Path) -> Package:
    """Read one package, refusing it unless its manifest, its folder's name and all its digests agree.

    Raises:
        PackageError: naming the package, the file and what is wrong with it.
    """
    label = f"{path.parent.name}/{path.name}"
    try:
        text = (path / MANIFEST_FILE).read_bytes()
        manifest = decode(text)
        if (manifest.name, manifest.version) != (path.parent.name, path.name):
            raise PackageError(
                f"{label}: {MANIFEST_FILE} says {manifest.name}/{manifest.version}, expected the folder's own name"
            )
        for entry in sorted(path.iterdir()):
            if entry.name not in FILES and entry.suffix not in _DOCUMENTATION:
                raise PackageError(
                    f"{label}: {entry.name} does not belong in a package, "
                    f"expected only {', '.join(sorted(FILES))} and plots"
                )
        graph = b""
        for name, expected in manifest.files.items():
            content = (path / name).read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            if not hmac.compare_digest(digest, expected):
                raise PackageError(
                    f"{label}: {name} has the SHA-256 {digest}, expected {expected}: it was changed after packaging"
                )
            if name == MODEL_FILE:
                graph = content
    except ManifestError as error:
        raise PackageError(f"{label}: {error}") from error
    except FileNotFoundError as error:
        raise PackageError(f"{label}: {Path(error.filename).name} is missing") from error
    except OSError as error:
        raise PackageError(f"{label}: {error.strerror}: {error.filename}") from error
    return Package(path, manifest, graph, hashlib.sha256(text).hexdigest())
