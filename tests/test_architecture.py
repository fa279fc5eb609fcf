"""The arrows between the rooms, and what may not be loaded where."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Which rooms a room may import; what is not here may not be imported.
ARROWS = {
    "model_files": set(),
    "service": {"model_files"},
    "gateway_config": set(),
    "load_tests": {"gateway_config", "model_files"},
    "slo": set(),
    "dashboards": {"slo"},
    "monitoring": {"service", "model_files"},
    "terraform": set(),
    "puerta": {"gateway_config"},
}
FOLDERS = {
    "model_files": "model-files/model_files",
    "gateway_config": "gateway-config/gateway_config",
    "load_tests": "load-tests/load_tests",
}
# Of the model room the service may use only what is light.
SERVED = {"model_files.manifest", "model_files.package"}
HEAVY = ("pandas", "sklearn", "skl2onnx", "skops", "matplotlib", "evidently", "pyarrow")


def modules(room: str) -> list[Path]:
    """The room's own modules; its tests may use more."""
    folder = ROOT / FOLDERS.get(room, room)
    return [path for path in sorted(folder.rglob("*.py")) if "tests" not in path.relative_to(folder).parts]


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("room", ARROWS)
def test_a_room_imports_only_the_rooms_that_its_arrows_allow(room: str) -> None:
    """Imports between rooms go one way, as the design says."""
    allowed = ARROWS[room] | {room}
    for path in modules(room):
        for name in imports(path):
            other = name.split(".")[0]
            assert other not in ARROWS or other in allowed, f"{path.relative_to(ROOT)} imports {name}"


def test_the_service_uses_only_the_light_part_of_the_model_room() -> None:
    """The service reads packages; it never trains, converts or draws."""
    for path in modules("service"):
        for name in imports(path):
            assert not name.startswith("model_files") or name in SERVED, f"{path.relative_to(ROOT)} imports {name}"


def test_serving_loads_no_heavy_library() -> None:
    """Importing all that serves loads neither pandas nor scikit-learn nor evidently, nor anything as large."""
    code = f"import service.application, service.server, sys; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_every_room_of_the_design_is_there_and_says_what_it_is() -> None:
    """Each top-level folder has a README."""
    for folder in (
        "service",
        "model-files",
        "gateway-config",
        "slo",
        "dashboards",
        "monitoring",
        "terraform",
        "load-tests",
        "puerta",
    ):
        assert (ROOT / folder / "README.md").is_file(), folder
