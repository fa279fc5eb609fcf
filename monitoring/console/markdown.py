"""As much of Markdown as the runbooks are written in, as HTML. All that is not marked up is escaped text.

Headings, paragraphs, lists of one level, tables, fenced code; in a line, code, bold, and links to other runbooks.
"""

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

_ITEM = re.compile(r"(?:(\d+)\.|[-*]) +(.*)")
_HEADING = re.compile(r"(#{1,4}) +(.*)")
_INLINE = re.compile(r"(?P<code>`[^`]+`)|\*\*(?P<bold>[^*]+)\*\*|\[(?P<text>[^\]]+)\]\((?P<link>[^)\s]+)\)")
_RULE = re.compile(r"[-:| ]*-[-:| ]*")
_RUNBOOK = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9_-]*)\.md(?P<place>#[A-Za-z0-9_-]+)?")


def title(text: str) -> str:
    """The first heading, as plain text; empty where there is none."""
    heading = re.search(r"^# +(.*)$", text, re.MULTILINE)
    return heading[1].replace("`", "").strip() if heading else ""


def render(text: str) -> Markup:
    """HTML of a whole document."""
    return Markup("\n").join(_blocks(text.splitlines()))


def _blocks(lines: list[str]) -> Iterator[Markup]:
    place = 0
    while place < len(lines):
        line = lines[place]
        end = place + 1
        if line.startswith("```"):
            while end < len(lines) and not lines[end].startswith("```"):
                end += 1
            yield Markup("<pre><code>{}</code></pre>").format("\n".join(lines[place + 1 : end]))
            place = end + 1
            continue
        if heading := _HEADING.fullmatch(line):
            yield Markup("<h{0}>{1}</h{0}>").format(len(heading[1]), _inline(heading[2]))
        elif line.strip():
            kind = _kind(line)
            while end < len(lines) and lines[end].strip() and _continues(kind, lines[end]):
                end += 1
            yield _block(kind, lines[place:end])
        place = end


def _kind(line: str) -> str:
    item = _ITEM.fullmatch(line)
    return ("ol" if item[1] else "ul") if item else "table" if line.startswith("|") else "p"


def _continues(kind: str, line: str) -> bool:
    if _HEADING.fullmatch(line) or line.startswith("```"):
        return False
    return _kind(line) == kind or (kind in {"ol", "ul"} and _kind(line) == "p")


def _block(kind: str, lines: list[str]) -> Markup:
    if kind == "table":
        return _table(lines)
    if kind == "p":
        return Markup("<p>{}</p>").format(_inline(" ".join(line.strip() for line in lines)))
    items: list[str] = []
    for line in lines:
        item = _ITEM.fullmatch(line)
        if item:
            items.append(item[2])
        else:
            items[-1] += f" {line.strip()}"
    return Markup("<{0}>{1}</{0}>").format(kind, Markup().join(Markup("<li>{}</li>").format(_inline(i)) for i in items))


def _table(lines: list[str]) -> Markup:
    rows = [line.strip().strip("|").split("|") for line in lines if not _RULE.fullmatch(line)]
    return Markup("<table>{}</table>").format(
        Markup().join(_row(cells, "td" if number else "th") for number, cells in enumerate(rows))
    )


def _row(cells: list[str], tag: str) -> Markup:
    return Markup("<tr>{}</tr>").format(
        Markup().join(Markup("<{0}>{1}</{0}>").format(tag, _inline(cell.strip())) for cell in cells)
    )


def _inline(text: str) -> Markup:
    made, place = Markup(), 0
    for found in _INLINE.finditer(text):
        made += escape(text[place : found.start()])
        place = found.end()
        if found["code"]:
            made += Markup("<code>{}</code>").format(found["code"][1:-1])
        elif found["bold"]:
            made += Markup("<strong>{}</strong>").format(found["bold"])
        else:
            made += _link(found["text"], found["link"])
    return made + escape(text[place:])


def _link(text: str, target: str) -> Markup:
    """A link to another runbook; where anything else leads is told, for nobody is sent out of the console unawares."""
    runbook = _RUNBOOK.fullmatch(target)
    if runbook:
        return Markup('<a href="/runbooks/{}.md">{}</a>').format(runbook["name"], _inline(text))
    return Markup("{} ({})").format(_inline(text), target)
