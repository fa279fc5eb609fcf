"""The committed dashboards: what is made of the specs, and whether it is still what they say."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from dashboards.boards import gateway, load_test, model_and_drift, service, slo_detail, slo_overview
from dashboards.classic import JSONEncoder
from dashboards.frame import Board, build
from dashboards.limits import Limits
from dashboards.objectives import Objectives
from slo.burn import Windows
from slo.policy import Policies
from slo.spec import Spec

CHOSEN = 'slo="$slo"'
RUNBOOKS = "monitoring/runbooks"  # `build --runbooks URL` writes where they are published


class Stale(ValueError):  # noqa: N818 - what is wrong is its name
    """Generated files that are not what the specs say; one line each."""


def boards(specs: Sequence[Spec], windows: Windows, policies: Policies, runbooks: str = RUNBOOKS) -> tuple[Board, ...]:
    """Every dashboard, in the order in which one looks at them."""
    limits = Limits.of(specs)
    return (
        slo_overview.board(Objectives(specs, windows, policies)),
        slo_detail.board(Objectives(specs, windows, policies, CHOSEN), runbooks),
        service.board(limits),
        gateway.board(limits),
        model_and_drift.board(limits),
        load_test.board(limits),
    )


def files(specs: Sequence[Spec], windows: Windows, policies: Policies, runbooks: str = RUNBOOKS) -> dict[str, str]:
    """Every generated file by its name."""
    return {
        f"{board.name}.json": json.dumps(build(board), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"
        for board in boards(specs, windows, policies, runbooks)
    }


def write(made: Mapping[str, str], folder: Path) -> list[Path]:
    """Write what changed, take away what nothing makes any more, and name both."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = [folder / name for name, text in made.items() if _text(folder / name) != text]
    for path in changed:
        path.write_text(made[path.name], encoding="utf-8")
    gone = [path for path in sorted(folder.glob("*.json")) if path.name not in made]
    for path in gone:
        path.unlink()
    return [*changed, *gone]


def require_fresh(made: Mapping[str, str], folder: Path) -> None:
    """Refuse files that are not what would be written.

    Raises:
        Stale: naming each.
    """
    stale = [f"{folder / name}: not what the specs say" for name, text in made.items() if _text(folder / name) != text]
    stale += [f"{path}: nothing makes it" for path in sorted(folder.glob("*.json")) if path.name not in made]
    if stale:
        raise Stale("\n".join([*stale, "run `python -m dashboards build`"]))


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
