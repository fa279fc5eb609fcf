"""Models come and go with their packages, one whole set after another, and a bad package changes nothing."""

import json
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import onnx
import pytest
from onnx import helper

from model_files.manifest import MANIFEST_FILE, MODEL_FILE, Feature, decode, encode
from model_files.package import PackageError
from service.metrics import Metrics
from service.model import Model
from service.problem import Problem
from service.registry import Registry
from service.tests import packages
from service.tests.exposition import scrape


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of model packages that a test may change."""
    packages.delays(tmp_path / "models")
    return tmp_path / "models"


class Watched(Registry):
    """A registry, with its metrics in reach."""

    def __init__(self, folder: Path, *, default: str = "", unseen: dict[str, str] | None = None) -> None:
        self.counted = Metrics()
        super().__init__(folder, self.counted, default=default, unseen=unseen or {}, max_instances=100)

    @property
    def labels(self) -> list[str]:
        """What is served, as ``name/version``."""
        return [f"{model.name}/{model.version}" for model in self]

    def info(self) -> set[tuple[str, str, str]]:
        """The label sets of ``model_info``, each 1."""
        series = scrape(self.counted.registry).series("model_info")
        assert set(series.values()) <= {1.0}
        return {(labels["model"], labels["version"], labels["sha256"]) for labels in map(dict, series)}


def test_every_version_of_every_model(folder: Path) -> None:
    """By name, oldest version first, 10 after 9; the newest where none is named."""
    for version in ("10", "9"):
        packages.delays(folder, version=version)
    packages.total(folder)
    registry = Watched(folder)
    assert set(registry.load().loaded) == {"delays/1", "delays/9", "delays/10", "total/1"}
    assert registry.labels == ["delays/1", "delays/9", "delays/10", "total/1"]
    assert registry.find("delays", None).version == "10"
    assert registry.find("delays", "9").version == "9"


def test_the_default(folder: Path) -> None:
    """The one that was asked for; else flight-delay where there is one, else the first."""
    packages.total(folder)
    packages.total(folder, name="zebra")
    for default, expected in (("", "delays"), ("total", "total")):
        registry = Watched(folder, default=default)
        registry.load()
        assert registry.find(None, None).name == expected
    packages.delays(folder, name="flight-delay")
    registry = Watched(folder)
    registry.load()
    assert registry.find(None, None).name == "flight-delay"


def test_what_is_not_there_is_404(folder: Path) -> None:
    """The detail says what there is."""
    registry = Watched(folder, default="gone")
    registry.load()
    for name, version in (("delays", "2"), ("nobody", None), (None, None), (None, "1")):
        with pytest.raises(Problem, match="delays/1") as refused:
            registry.find(name, version)
        assert refused.value.status == 404


def test_a_reload_keeps_what_did_not_change(folder: Path) -> None:
    """The very same model goes on: nothing is compiled or warmed again."""
    registry = Watched(folder)
    registry.load()
    before = registry.find("delays", "1")
    packages.delays(folder, version="2")
    result = registry.load()
    assert (result.loaded, result.kept, result.removed, result.refused) == (("delays/2",), ("delays/1",), (), {})
    assert registry.find("delays", "1") is before
    assert registry.find(None, None).version == "2"


def test_a_package_that_changed_is_loaded_again(folder: Path) -> None:
    """Its manifest names every byte of it."""
    registry = Watched(folder)
    registry.load()
    packages.delays(folder, threshold=0.01)
    assert registry.load().loaded == ("delays/1",)
    assert registry.find("delays", "1").manifest.threshold == 0.01


def test_a_package_that_is_gone_is_not_served(folder: Path) -> None:
    """Removed from the folder, removed here; its info goes too."""
    packages.total(folder)
    registry = Watched(folder)
    registry.load()
    shutil.rmtree(folder / "total")
    assert registry.load().removed == ("total/1",)
    assert registry.labels == ["delays/1"]
    assert {name for name, _, _ in registry.info()} == {"delays"}


def _tamper(path: Path) -> None:
    graph = path / MODEL_FILE
    graph.write_bytes(graph.read_bytes() + b" ")


def _lose(path: Path) -> None:
    (path / MODEL_FILE).unlink()


def _pickle(path: Path) -> None:
    (path / "model.pkl").write_bytes(b"\x80\x04.")


def _break_manifest(path: Path) -> None:
    (path / MANIFEST_FILE).write_bytes(b"{")


def _rename(path: Path) -> None:
    text = (path / MANIFEST_FILE).read_text()
    (path / MANIFEST_FILE).write_text(text.replace('"delays"', '"others"'))


def _no_graph(path: Path) -> None:
    packages.write(path.parents[1], decode((path / MANIFEST_FILE).read_bytes()), b"not a graph")


def _another_graph(path: Path) -> None:
    """A whole graph, that wants other inputs than the manifest says."""
    other = packages.total(path.parents[1] / "elsewhere")
    graph = (other / MODEL_FILE).read_bytes()
    shutil.rmtree(path.parents[1] / "elsewhere")
    packages.write(path.parents[1], decode((path / MANIFEST_FILE).read_bytes()), graph)


def _bad_example(path: Path) -> None:
    manifest = decode((path / MANIFEST_FILE).read_bytes())
    example = {**manifest.example, "MONTH": 13}
    packages.write(
        path.parents[1], msgspec.structs.replace(manifest, example=example), (path / MODEL_FILE).read_bytes()
    )


def _too_wide(path: Path) -> None:
    """A graph that gives two columns where one probability was promised: which of them would it be?"""
    model = onnx.load_model_from_string((path / MODEL_FILE).read_bytes())
    model.graph.node[-1].output[0] = "one"
    model.graph.node.append(helper.make_node("Concat", ["one", "one"], ["probability"], axis=1))
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 2
    graph = bytes(model.SerializeToString())
    packages.write(path.parents[1], decode((path / MANIFEST_FILE).read_bytes()), graph)


def _not_finite(path: Path) -> None:
    """A graph that has no finite answer for its own example."""
    other = decode((path / MANIFEST_FILE).read_bytes())
    graph = packages.quotient(path.parents[1] / "elsewhere") / MODEL_FILE
    manifest = decode((graph.parent / MANIFEST_FILE).read_bytes())
    changed = msgspec.structs.replace(manifest, name=other.name, example={"above": 1.0, "below": 0.0})
    packages.write(path.parents[1], changed, graph.read_bytes())
    shutil.rmtree(path.parents[1] / "elsewhere")


def _impossible_name(path: Path) -> None:
    manifest = decode((path / MANIFEST_FILE).read_bytes())
    features = (Feature('AIR"LINE\n', "categorical", packages.AIRLINES), *manifest.features[1:])
    example = {'AIR"LINE\n': "Sur", "KIND": "N", "MONTH": 7}
    changed = msgspec.structs.replace(manifest, features=features, example=example)
    packages.write(path.parents[1], changed, (path / MODEL_FILE).read_bytes())


HARM = [
    _tamper,
    _lose,
    _pickle,
    _break_manifest,
    _rename,
    _no_graph,
    _another_graph,
    _bad_example,
    _too_wide,
    _not_finite,
    _impossible_name,
]


@pytest.mark.parametrize("harm", HARM)
def test_a_bad_package_is_refused_and_the_old_one_stays(
    folder: Path, harm: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Tampered, incomplete, foreign, not running: named, logged, counted, and what was served is served on."""
    packages.total(folder)
    registry = Watched(folder)
    registry.load()
    before, info = registry.find("delays", "1"), registry.info()
    harm(folder / "delays" / "1")
    result = registry.load()
    assert list(result.refused) == ["delays/1"]
    assert result.refused["delays/1"].startswith("delays/1: ")
    assert "\n" not in result.refused["delays/1"]
    assert result.kept == ("total/1",)
    assert registry.find("delays", "1") is before
    assert registry.info() == info
    assert scrape(registry.counted.registry).value("model_reload_total", result="refused") == 1
    assert any(record.levelname == "ERROR" for record in caplog.records)


@pytest.mark.parametrize("harm", HARM)
def test_a_bad_package_is_never_served(folder: Path, harm: Callable[[Path], None]) -> None:
    """From the start, and beside a good one."""
    packages.delays(folder, version="2")
    harm(folder / "delays" / "1")
    registry = Watched(folder)
    assert list(registry.load().refused) == ["delays/1"]
    assert registry.labels == ["delays/2"]
    assert scrape(registry.counted.registry).series("prediction_total") == {
        (("label", label), ("model", "delays"), ("version", "2")): 0.0 for label in "01"
    }


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """One line that names it."""
    with pytest.raises(PackageError, match="nowhere: not a folder"):
        Watched(tmp_path / "nowhere").load()


def test_a_folder_that_went_away_changes_nothing(folder: Path) -> None:
    """A mount that is missing for a moment is no reason to stop answering."""
    registry = Watched(folder)
    registry.load()
    folder.rename(folder.with_name("moved"))
    with pytest.raises(PackageError):
        registry.load()
    assert registry.labels == ["delays/1"]


def test_the_info_names_the_package(folder: Path) -> None:
    """One series for each version, by the digest of its manifest; a changed package has another."""
    registry = Watched(folder)
    registry.load()
    ((name, version, digest),) = registry.info()
    assert (name, version, len(digest)) == ("delays", "1", 64)
    packages.delays(folder, threshold=0.01)
    registry.load()
    ((_, _, changed),) = registry.info()
    assert changed != digest


def test_reloads_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal and a call to the admin port together: each package is loaded once, and both see the same end."""
    made: list[str] = []
    making = Model.__init__

    def make(self: Model, package: object, *arguments: object, **options: object) -> None:
        time.sleep(0.02)  # long enough for the other threads to come by
        making(self, package, *arguments, **options)  # type: ignore[arg-type]
        made.append(f"{self.name}/{self.version}")

    monkeypatch.setattr(Model, "__init__", make)
    registry = Watched(folder)
    failures: list[BaseException] = []

    def load() -> None:
        try:
            registry.load()
        except BaseException as error:  # noqa: BLE001 - shown below
            failures.append(error)

    threads = [threading.Thread(target=load) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert made == ["delays/1"]
    assert registry.labels == ["delays/1"]
    assert scrape(registry.counted.registry).value("model_reload_total", result="kept") == 5


def test_readers_see_whole_sets(folder: Path) -> None:
    """While packages come and go, every look finds a model: the old or the new."""
    registry = Watched(folder)
    registry.load()
    stop = threading.Event()
    missed: list[Problem] = []

    def look() -> None:
        while not stop.is_set():
            try:
                assert registry.find("delays", None).version in {"1", "2"}
                assert registry.labels[:1] == ["delays/1"]
            except Problem as problem:
                missed.append(problem)

    reader = threading.Thread(target=look)
    reader.start()
    for _ in range(4):
        packages.delays(folder, version="2")
        registry.load()
        shutil.rmtree(folder / "delays" / "2")
        registry.load()
    stop.set()
    reader.join()
    assert not missed


def test_the_operator_may_open_a_model(folder: Path) -> None:
    """The setting's policy, by model."""
    registry = Watched(folder, unseen={"delays": "count"})
    registry.load()
    body = json.dumps({"instances": [["Este", "N", 1]]}).encode()
    assert registry.find("delays", None).schema.decode(body).unseen == {"AIRLINE": 1}


def test_encoding_is_stable(folder: Path) -> None:
    """The test packages are what they say: reading and writing a manifest changes no byte."""
    text = (folder / "delays" / "1" / MANIFEST_FILE).read_bytes()
    assert encode(decode(text)) == text
