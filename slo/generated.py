"""What is made of the specs and committed, and whether it is still what they say."""

from collections.abc import Mapping
from pathlib import Path

from slo.burn import Windows
from slo.gates import gates
from slo.gcp import files as gcp
from slo.openslo import documents as openslo
from slo.pace import REAL, Pace
from slo.proofs.files import proof_files
from slo.rendering import rules_file
from slo.rules import groups
from slo.schema import schema_files
from slo.spec import Spec
from slo.table import table


class Stale(ValueError):  # noqa: N818 - what is wrong is its name
    """Generated files that are not what the specs say; one line each."""


def files(specs: tuple[Spec, ...], windows: Windows) -> dict[str, str]:
    """Every generated file by its path under ``generated/``."""
    made = rules_files(specs, windows) | schema_files()
    made |= {"slo-table.md": table(specs), "gates.json": gates(specs)}
    for spec in specs:
        made |= {f"tests/{name}.yaml": text for name, text in proof_files(spec, specs, windows).items()}
    made |= {f"openslo/{name}": text for name, text in openslo.files(specs, windows).items()}
    made |= {f"gcp/{name}": text for name, text in gcp.files(specs, windows).items()}
    return made


def rules_files(specs: tuple[Spec, ...], windows: Windows, pace: Pace = REAL) -> dict[str, str]:
    """The rules files alone, at any pace."""
    return {f"rules/{spec.name}.yaml": rules_file(spec, groups(spec, windows, pace, specs), pace) for spec in specs}


def write(made: Mapping[str, str], folder: Path, *, alone: bool = True) -> list[Path]:
    """Write them, take away those that no spec makes any more if they are ``alone`` there, and name those that changed."""
    changed = []
    for name, text in made.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    for path in _there(folder) if alone else ():
        if str(path.relative_to(folder)) not in made:
            path.unlink()
            changed.append(path)
    return changed


def require_fresh(made: Mapping[str, str], folder: Path) -> None:
    """Refuse files that are not what would be written.

    Raises:
        Stale: naming each.
    """
    stale = [f"{folder / name}: not what the specs say" for name, text in made.items() if _text(folder / name) != text]
    stale += [f"{path}: no spec makes it" for path in _there(folder) if str(path.relative_to(folder)) not in made]
    if stale:
        raise Stale("\n".join([*stale, "run `python -m slo generate`"]))


def _there(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
