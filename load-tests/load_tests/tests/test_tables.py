"""Tables of text."""

from load_tests import tables

HEAD = ("name", "figure")
ROWS = [("a", "1,000"), ("longer", "7")]


def test_text_is_in_columns() -> None:
    """Names to the left, figures to the right, no trailing blanks."""
    assert tables.text(HEAD, ROWS).splitlines() == [
        "name    figure",
        "------  ------",
        "a        1,000",
        "longer       7",
    ]


def test_markdown_renders() -> None:
    """The rule under the head says which column is to the right."""
    assert tables.markdown(HEAD, ROWS).splitlines() == [
        "| name   | figure |",
        "| ------ | -----: |",
        "| a      |  1,000 |",
        "| longer |      7 |",
    ]
