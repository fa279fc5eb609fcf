"""A document tells where each of its parts stands."""

from pathlib import Path

import pytest

from gateway_config.policy.document import Document, DocumentError

TEXT = """\
# a comment
fruit:
  - apple
  - name: pear
    price: 3
empty:
"""


@pytest.fixture
def document(tmp_path: Path) -> Document:
    """A small document."""
    path = tmp_path / "fruit.yaml"
    path.write_text(TEXT)
    return Document.read(path)


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("fruit", 2),
        ("fruit[0]", 3),
        ("fruit[1].price", 5),
        ("fruit[1].weight", 4),
        ("fruit[7]", 2),
        ("fruit[0].x", 3),
        ("", 2),
    ],
)
def test_lines(document: Document, where: str, line: int) -> None:
    """A field is found by its line; one that is not there by its nearest ancestor's."""
    assert document.explain(where, "why") == f"{document.path}:{line}: {where or 'the document'}: why"


@pytest.mark.parametrize(
    ("where", "value"),
    [("fruit[0]", "apple"), ("fruit[1].price", 3), ("empty", None), ("fruit[9]", None), ("fruit.name", None)],
)
def test_values(document: Document, where: str, value: object) -> None:
    """A field's value is found by its name; None stands for one that is not there."""
    assert document.value_at(where) == value


@pytest.mark.parametrize("text", ["a: 1\na: 2", "a: {b: 1, b: 2}", "a: [{b: 1, b: 2}]"])
def test_key_twice(tmp_path: Path, text: str) -> None:
    """A key that comes twice is refused at any depth, with the second one's line."""
    path = tmp_path / "twice.yaml"
    path.write_text(text)
    with pytest.raises(DocumentError, match="is there twice"):
        Document.read(path)
