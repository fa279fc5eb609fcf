"""Cards: written from the manifest, readable as Markdown."""

from pathlib import Path

import msgspec
import pytest

from model_files.card import Chapter, Figure, render, table
from model_files.package import find
from model_files.tests.test_manifest import GOOD

GOLDEN = Path(__file__).parent / "card.golden.md"


def test_a_card_tells_what_the_manifest_says() -> None:
    """To the letter; the golden file is what a reader sees."""
    manifest = msgspec.structs.replace(
        GOOD,
        description="Will the parcel come late?",
        training_data={"file": "parcels.csv", "rows": 1200, "held_out_rows": 300},
        libraries={"python": "3.11.7", "scikit-learn": "1.9.1"},
        metrics={"accuracy": 0.875, "roc_auc": 0.9},
        confusion_matrix=((200, 10), (20, 1070)),
        onnx_max_difference=2.5e-8,
    )
    chapters = (Chapter("Limits", "None known.", (Figure("roc.png", "ROC curve", b""),)),)
    assert render(manifest, chapters) == GOLDEN.read_text()


def test_numbers_are_aligned_right() -> None:
    """But never the first column."""
    assert table(("a", "b", "c"), [("1", "2", "x"), ("3", "-4", "5")]).splitlines()[1] == "| --- | --: | --- |"


@pytest.mark.parametrize("package", find(Path(__file__).parents[2]), ids=lambda path: path.parent.name)
def test_shipped_cards_show_pictures_that_are_there(package: Path) -> None:
    """And no picture goes unseen."""
    text = (package / "card.md").read_text()
    shown = {line.partition("](")[2].rstrip(")") for line in text.splitlines() if line.startswith("![")}
    assert shown == {path.name for path in package.glob("*.png")}
