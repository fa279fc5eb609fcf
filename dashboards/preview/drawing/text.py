"""A text panel: Markdown's paragraphs, headings and lists, as plain text."""

from dashboards.preview.drawing.drawing import Drawing
from dashboards.preview.model import Panel


def draw(panel: Panel) -> Drawing:
    """Draw the panel; nothing in it is taken for HTML."""
    lines = [line.strip() for line in str(panel.options.get("content") or "").splitlines()]
    blocks = []
    for line in filter(None, lines):
        kind = "h4" if line.startswith("#") else "li" if line.startswith(("- ", "* ")) else "p"
        blocks.append((kind, line.lstrip("#-* ").replace("**", "").replace("`", "")))
    return Drawing("text.html", {"blocks": blocks})
