"""Every model being served, by name and version, and how new ones come in while requests go on."""

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from model_files.package import Package, PackageError, find, read, version_order
from service.metrics import Metrics
from service.model import Model
from service.problem import Problem

_log = logging.getLogger("puerta.registry")


class Reload(NamedTuple):
    """What a reload met, as ``name/version``; what was refused with the reason."""

    loaded: tuple[str, ...]
    kept: tuple[str, ...]
    removed: tuple[str, ...]
    refused: Mapping[str, str]


class Registry:
    """The models of a folder. Readers see one whole set or the next: a reload swaps it in one step."""

    def __init__(
        self, folder: Path, metrics: Metrics, *, default: str, unseen: Mapping[str, str], max_instances: int
    ) -> None:
        self._folder = folder
        self._metrics = metrics
        self._default = default
        self._unseen = unseen
        self._max_instances = max_instances
        self._models: dict[tuple[str | None, str | None], Model] = {}
        self._loading = threading.Lock()

    def __iter__(self) -> Iterator[Model]:
        """Every version of every model, by name, oldest version first."""
        return iter([model for (name, version), model in self._models.items() if name and version])

    def find(self, name: str | None, version: str | None) -> Model:
        """A version of a model; the newest for None, of the default model for None.

        Raises:
            Problem: 404, naming what there is.
        """
        try:
            return self._models[name, version]
        except KeyError:
            there = [f"{model.name}/{model.version}" for model in self]
            wanted = f"{name}/{version}" if version else name or "the default model"
            raise Problem(404, f"there is no model {wanted!r}; there are: {', '.join(there) or 'none'}") from None

    def load(self) -> Reload:
        """Read the folder: verify and warm what is new, keep what is unchanged, drop what is gone.

        A package that is refused changes nothing: the version that was served under its name is served on.

        Raises:
            PackageError: if the folder can't be read.
        """
        with self._loading:
            return self._load_all()

    def _load_all(self) -> Reload:
        serving = {f"{model.name}/{model.version}": model for model in self}
        models: dict[str, Model] = {}
        loaded, kept, refused = [], [], {}
        for path in find(self._folder):
            label = f"{path.parent.name}/{path.name}"
            before = serving.get(label)
            try:
                package = read(path)
                if before and before.sha256 == package.sha256:
                    models[label] = before
                    kept.append(label)
                    continue
                models[label] = self._load(package)
                loaded.append(label)
            except PackageError as error:
                refused[label] = str(error)
                _log.error("model package refused", extra={"package": label, "reason": str(error)})
                if before:
                    models[label] = before
        removed = tuple(label for label in serving if label not in models)
        result = Reload(tuple(loaded), tuple(kept), removed, refused)
        self._models = _index(models.values(), self._default)
        self._report(result, serving)
        return result

    def _load(self, package: Package) -> Model:
        unseen = self._unseen.get(package.manifest.name)
        try:
            return Model(package, self._metrics, unseen=unseen, max_instances=self._max_instances)
        except PackageError:
            raise
        except ValueError as error:  # a schema that can't be compiled: a feature's name with a quote in it
            reason = " ".join(str(error).split())
            raise PackageError(f"{package.manifest.name}/{package.manifest.version}: features: {reason}") from error

    def _report(self, result: Reload, before: Mapping[str, Model]) -> None:
        for model in before.values():
            self._metrics.model_info.remove(model.name, model.version, model.sha256)
        for model in self:
            self._metrics.model_info.labels(model.name, model.version, model.sha256).set(1)
        for word, count in zip(Reload._fields, map(len, result), strict=True):
            self._metrics.reloads.labels(word).inc(count)
        _log.info("model packages read", extra=result._asdict())


def _index(models: Iterable[Model], default: str) -> dict[tuple[str | None, str | None], Model]:
    """Every way to ask for a model, answered in one look-up."""
    index: dict[tuple[str | None, str | None], Model] = {}
    for model in sorted(models, key=lambda model: (model.name, version_order(model.version))):
        index[model.name, model.version] = model
        index[model.name, None] = model
    names = [name for name, version in index if version is None and name]
    if not default:
        default = "flight-delay" if "flight-delay" in names else next(iter(names), "")
    if (default, None) in index:
        index[None, None] = index[default, None]
    return index
