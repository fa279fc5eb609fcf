"""Tables: one line a label's value, one column a query of now."""

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

from dashboards.classic import common_models, models, table
from dashboards.palette import NO_DATA, State, Step
from dashboards.panels import DATA_SOURCE, Builder, Query, Text, mappings, target, thresholds


@dataclass(frozen=True)
class Column:
    """A query's value: its heading, unit and colours."""

    name: str
    expr: str
    unit: str = "none"
    steps: Sequence[Step] = ()
    states: Sequence[State] = ()
    decimals: int | None = None
    width: int | None = None


def table_panel(text: Text, key: str, heading: str, columns: Sequence[Column], link: models.DashboardLink) -> Builder:
    """A table with a line for each value of label ``key``, which links to what is told of it elsewhere."""
    panel = (
        table.Panel()
        .title(text.title)
        .description(text.description)
        .datasource(DATA_SOURCE)
        .span(text.width)
        .height(text.height)
        .unit("none")
        .no_value(NO_DATA)
        .mappings(mappings(()))
        .thresholds(thresholds(()))
        .targets(
            [
                target(Query(column.expr, instant=True, form="table"), ref)
                for column, ref in zip(columns, ascii_uppercase, strict=False)
            ]
        )
        .with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(models.DataTransformerConfig(id_val="organize", options=_organized(key, heading, columns)))
        .override_by_name(heading, [models.DynamicConfigValue("links", [link])])
    )
    for column in columns:
        panel = panel.override_by_name(column.name, _properties(column))
    return panel


def _organized(key: str, heading: str, columns: Sequence[Column]) -> dict[str, Any]:
    values = {f"Value #{ref}": column.name for column, ref in zip(columns, ascii_uppercase, strict=False)}
    return {
        "excludeByName": {"Time": True},
        "indexByName": {name: index for index, name in enumerate((key, *values))},
        "renameByName": {key: heading, **values},
    }


def _properties(column: Column) -> list[models.DynamicConfigValue]:
    found: list[tuple[str, object]] = [("unit", column.unit)]
    if column.decimals is not None:
        found.append(("decimals", column.decimals))
    if column.width is not None:
        found.append(("custom.width", column.width))
    if column.steps:
        found.append(("thresholds", thresholds(column.steps).build()))
    told = mappings(column.states)
    found.append(("mappings", told))
    coloured = common_models.TableColoredBackgroundCellOptions(mode=common_models.TableCellBackgroundDisplayMode.BASIC)
    if column.states and not column.steps:
        found.append(("custom.cellOptions", coloured))
    elif column.steps:
        found.append(("custom.cellOptions", common_models.TableColorTextCellOptions()))
    return [models.DynamicConfigValue(name, value) for name, value in found]
