"""The two pictures: drawn from what they are made of, readable, and of what there is."""

import re
from xml.parsers import expat

import pytest

from terraform.diagrams import FOLDER, Box, Picture, pictures, stale
from terraform.folders import ROOM

PICTURES = pictures()


def test_the_committed_pictures_are_these() -> None:
    """Whoever changes a picture's parts sees the files fail."""
    assert stale() == {}, "run `python -m terraform diagrams`"
    assert {path.name for path in FOLDER.iterdir()} == set(PICTURES)


def test_every_module_is_shown() -> None:
    """A module that is added has to be added to the picture of the deployment too."""
    shown = {box.title for box in PICTURES["deployment.svg"].boxes}
    modules = {path.name for path in (ROOM / "modules").iterdir() if path.is_dir()}
    assert modules - {"platform"} <= shown


@pytest.mark.parametrize("name", PICTURES)
def test_words_stay_in_their_boxes(name: str) -> None:
    """In the widest of the fonts too; and nothing covers anything else but its frame."""
    boxes = PICTURES[name].boxes
    inner = [box for box in boxes if not box.frame]
    assert [box.title for box in boxes if not box.fits()] == []
    assert [
        (one.title, other.title) for n, one in enumerate(inner) for other in inner[n + 1 :] if one.overlaps(other)
    ] == []
    picture = PICTURES[name]
    assert all(box.x + box.width <= picture.width and box.y + box.height <= picture.height for box in boxes)


@pytest.mark.parametrize("name", PICTURES)
def test_arrows_end_at_boxes(name: str) -> None:
    """No arrow begins or ends in the open."""
    for arrow in PICTURES[name].arrows:
        for point in (arrow.points[0], arrow.points[-1]):
            assert any(on_edge(box, *point) for box in PICTURES[name].boxes), (arrow.label, point)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_told_in_words_too(name: str) -> None:
    """It is XML with a title and a description, for who can't see it; the README's alternative text is there as well."""
    svg = (FOLDER / name).read_text()
    expat.ParserCreate().Parse(svg, True)
    assert re.search(r"<title>[^<]+</title>\s<desc>[^<]{200,}</desc>", svg)
    before, _, _ = (ROOM / "README.md").read_text().partition(f"](diagrams/{name})")
    assert len(before.rpartition("![")[2]) > 200


def test_a_box_knows_when_its_words_do_not_fit() -> None:
    """The check of the pictures above can fail."""
    wide = Box(0, 0, 100, 40, "a title that is far too long")
    tall = Box(0, 0, 300, 40, "title", ("one", "two"))
    assert not wide.fits()
    assert not tall.fits()
    assert wide.overlaps(tall)
    assert "&lt;" in Picture(1, 1, "<", "", (), ()).svg()


def on_edge(box: Box, x: int, y: int) -> bool:
    """Whether a point is on a box's outline."""
    across = box.x <= x <= box.x + box.width and y in (box.y, box.y + box.height)
    upright = box.y <= y <= box.y + box.height and x in (box.x, box.x + box.width)
    return across or upright
