"""Tables of text, for a terminal and for Markdown."""

from collections.abc import Sequence


def text(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay a table out in columns: the first to the left, the others, which are figures, to the right."""
    widths = _widths(head, rows)
    return "\n".join(
        "  ".join(_cells(row, widths)).rstrip() for row in (head, ["-" * width for width in widths], *rows)
    )


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write the same as a Markdown table."""
    widths = _widths(head, rows)
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join("| " + " | ".join(_cells(row, widths)) + " |" for row in (head, rule, *rows))


def _widths(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(2, *(len(row[column]) for row in (head, *rows))) for column in range(len(head))]


def _cells(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *others = row
    return [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
