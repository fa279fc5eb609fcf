"""What is made of the specs and committed, and whether it is still what they say."""

from collections.abc import Mapping
from pathlib import Path

from slo.burn import Windows
from slo.proofs import proof_files
from slo.rendering import rules_file
from slo.rules import groups
from slo.spec import Spec


class Stale(ValueError):  # noqa: N818 - what is wrong is its name
    """Generated files that are not what the specs say; one line each."""


def files(specs: tuple[Spec, ...], windows: Windows) -> dict[str, str]:
    """Every generated file by its path under ``generated/``."""
    made = {}
    for spec in specs:
        made[f"rules/{spec.name}.yaml"] = rules_file(spec, groups(spec, windows))
        made |= {f"tests/{name}.yaml": text for name, text in proof_files(spec, specs, windows).items()}
    return made


def write(made: Mapping[str, str], folder: Path) -> list[Path]:
    """Write them, take away those that no spec makes any more, and name those that changed."""
    changed = []
    for name, text in made.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    for path in _there(folder):
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
