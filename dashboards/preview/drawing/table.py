"""A table: a row a line, each cell by its field's unit, words and colours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.preview import colours
from dashboards.preview.answers import Answer
from dashboards.preview.drawing.drawing import Drawing
from dashboards.preview.fields import Field, Shown, Value
from dashboards.preview.frames import TIME, Column, Frame, frames
from dashboards.preview.links import Link, Links
from dashboards.preview.model import Panel


@dataclass(frozen=True)
class Heading:
    """A column's heading, its width in pixels (None: what it needs), and whether it holds numbers."""

    text: str
    width: int | None
    number: bool


@dataclass(frozen=True)
class Cell:
    """A cell: its text, its colours (empty: the usual ones), and where it leads."""

    text: str
    ink: str = ""
    background: str = ""
    link: Link | None = None
    number: bool = False


def draw(panel: Panel, answer: Answer, links: Links) -> Drawing:
    """Draw the panel; several frames become one table after the other.

    Raises:
        ValueError: if the preview does not know one of the panel's transformations.
    """
    tables = [_table(panel, frame, links) for frame in frames(panel, answer) if frame]
    if not any(rows for _, rows in tables):
        return Drawing("empty.html", {"text": panel.fields.of().no_value}, empty=True)
    return Drawing("table.html", {"tables": tables}, empty=answer.empty())


def _table(panel: Panel, frame: Frame, links: Links) -> tuple[list[Heading], list[list[Cell]]]:
    fields = [_field(panel, column) for column in frame]
    shown = [number for number, field in enumerate(fields) if not field.custom.get("hidden")]
    names = [column.name for column in frame]
    headings = [
        Heading(fields[n].name or frame[n].name, fields[n].custom.get("width"), frame[n].number()) for n in shown
    ]
    rows = []
    for values in zip(*(column.values for column in frame), strict=True):
        plain = _plain(dict(zip(names, values, strict=True)), fields)
        rows.append([_cell(fields[n], values[n], links, plain, number=frame[n].number()) for n in shown])
    return headings, rows


def _field(panel: Panel, column: Column) -> Field:
    field = panel.fields.of(column.name, column.ref, number=column.number())
    return Field(unit="dateTimeAsIso", custom=field.custom) if column.name == TIME and not field.unit else field


def _plain(row: Mapping[str, Value], fields: Sequence[Field]) -> dict[str, str]:
    """What links may say of the row: its values by name."""
    texts = {name: field.text(value) for (name, value), field in zip(row.items(), fields, strict=True)}
    return {f"__data.fields.{name}": text for name, text in texts.items()} | {
        f'__data.fields["{name}"]': text for name, text in texts.items()
    }


def _cell(field: Field, value: Value, links: Links, plain: Mapping[str, str], *, number: bool) -> Cell:
    shown = field.show(value)
    here = {**plain, "__value.text": shown.text, "__value.raw": shown.text}
    link = next(iter(links.all(field.links, here)), None)
    ink, background = _coloured(field.custom.get("cellOptions") or {}, shown)
    return Cell(shown.text, ink, background, link, number)


def _coloured(options: Mapping[str, Any], shown: Shown) -> tuple[str, str]:
    kind = options.get("type") or "auto"
    if kind == "color-background":
        return colours.readable_on(shown.colour), shown.colour
    if kind == "color-text":
        return shown.colour, ""
    return ("" if shown.known else colours.MUTED), ""
