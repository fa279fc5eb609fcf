"""How the values of a field are written and coloured: a panel's defaults, and what overrides them.

https://grafana.com/docs/grafana/latest/panels-visualizations/configure-overrides/
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dashboards.preview import colours, units
from dashboards.preview.colours import Step, Thresholds
from dashboards.preview.pattern import pattern

Value = float | str | None  # None and NaN are "nobody knows"

NO_VALUE = "no data"


@dataclass(frozen=True)
class Result:
    """What a mapping makes of a value; None leaves it as it is."""

    text: str | None = None
    colour: str | None = None


@dataclass(frozen=True)
class ValueMapping:
    """Other words or another colour for some values."""

    kind: str
    options: Mapping[str, Any]

    def result(self, value: Value) -> Result | None:
        """What it makes of the value, if it is about it."""
        unknown = value is None or (isinstance(value, float) and math.isnan(value))
        found: Mapping[str, Any] | None = None
        match self.kind:
            case "value" if not unknown:
                found = self.options.get(_key(value))
            case "range" if isinstance(value, float) and not unknown:
                low, high = self.options.get("from"), self.options.get("to")
                if (low is None or value >= low) and (high is None or value <= high):
                    found = self.options["result"]
            case "special" if self._special(value):
                found = self.options["result"]
            case "regex" if isinstance(value, str) and pattern(self.options["pattern"]).search(value):
                found = self.options["result"]
        return None if found is None else Result(found.get("text"), found.get("color"))

    def _special(self, value: Value) -> bool:
        nan = isinstance(value, float) and math.isnan(value)
        matches = {"null": value is None, "nan": nan, "null+nan": value is None or nan, "empty": value == ""}
        return matches.get(self.options.get("match", ""), False)


@dataclass(frozen=True)
class Shown:
    """A value as it is read: its text and its colour (CSS); ``known`` is whether there was one."""

    text: str
    colour: str
    known: bool = True


@dataclass(frozen=True)
class Field:
    """One field's configuration. ``custom`` is what its kind of panel alone knows."""

    unit: str = ""
    decimals: int | None = None
    least: float | None = None
    most: float | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)
    mappings: tuple[ValueMapping, ...] = ()
    colour_mode: str = "thresholds"
    fixed_colour: str | None = None
    name: str | None = None
    no_value: str = NO_VALUE
    links: tuple[Mapping[str, Any], ...] = ()
    custom: Mapping[str, Any] = field(default_factory=dict)

    def show(self, value: Value) -> Shown:
        """The value in words and colour: by mapping first, then by unit and threshold; what is unknown is never green."""
        for mapping in self.mappings:
            if (result := mapping.result(value)) is not None:
                mapped = colours.hexadecimal(result.colour) if result.colour else self.colour(value)
                return Shown(result.text or self.text(value), mapped, known=_known(value))
        return Shown(self.text(value), self.colour(value), known=_known(value))

    def text(self, value: Value) -> str:
        """The value with its unit; the field's word for no value where nobody knows it."""
        if isinstance(value, str):
            return value
        return units.show(value, self.unit, self.decimals) if value is not None and _known(value) else self.no_value

    def colour(self, value: Value) -> str:
        """The value's colour by the field's colour mode; muted for what is unknown or no number."""
        if not isinstance(value, float | int) or not _known(value):
            return colours.MUTED if not isinstance(value, str) else colours.TEXT
        if self.colour_mode == "fixed" and self.fixed_colour:
            return colours.hexadecimal(self.fixed_colour)
        low, high = 0.0 if self.least is None else self.least, 100.0 if self.most is None else self.most
        ramp = colours.along(self.colour_mode, (value - low) / (high - low) if high > low else 0.0)
        return ramp or self.thresholds.colour(value, low, high)


@dataclass(frozen=True)
class FieldRules:
    """A panel's field configuration (the ``fieldConfig`` of its JSON)."""

    defaults: Mapping[str, Any] = field(default_factory=dict)
    overrides: tuple[Mapping[str, Any], ...] = ()

    def of(self, name: str = "", ref: str = "", *, number: bool = True) -> Field:
        """The configuration of a field by its name, the query that gave it, and whether it holds numbers."""
        merged: dict[str, Any] = dict(self.defaults) | {"custom": dict(self.defaults.get("custom", {}))}
        for override in self.overrides:
            if _matches(override["matcher"], name, ref, number=number):
                for rule in override["properties"]:
                    key, value = rule["id"], rule.get("value")
                    if key.startswith("custom."):
                        merged["custom"][key.removeprefix("custom.")] = value
                    else:
                        merged[key] = value
        return _field(merged)


def _matches(matcher: Mapping[str, Any], name: str, ref: str, *, number: bool) -> bool:
    options = matcher.get("options")
    match matcher["id"]:
        case "byName":
            return bool(options == name)
        case "byRegexp":
            return pattern(str(options)).search(name) is not None
        case "byFrameRefID":
            return bool(options == ref)
        case "byType":
            return bool(options == ("number" if number else "string"))
        case "byNames":
            return name in (options or {}).get("names", [])
    raise ValueError(f"the preview knows no field matcher {matcher['id']}")


def _field(merged: Mapping[str, Any]) -> Field:
    colour = merged.get("color") or {}
    return Field(
        unit=merged.get("unit") or "",
        decimals=merged.get("decimals"),
        least=merged.get("min"),
        most=merged.get("max"),
        thresholds=_thresholds(merged.get("thresholds") or {}),
        mappings=tuple(ValueMapping(one["type"], one["options"]) for one in merged.get("mappings") or ()),
        colour_mode=colour.get("mode") or "thresholds",
        fixed_colour=colour.get("fixedColor"),
        name=merged.get("displayName"),
        no_value=merged.get("noValue") or NO_VALUE,
        links=tuple(merged.get("links") or ()),
        custom=merged.get("custom") or {},
    )


def _thresholds(given: Mapping[str, Any]) -> Thresholds:
    steps = (
        Step(-math.inf if step.get("value") is None else float(step["value"]), step["color"])
        for step in given.get("steps") or ()
    )
    return Thresholds(tuple(sorted(steps, key=lambda step: step.least)), given.get("mode") == "percentage")


def _key(value: Value) -> str:
    """The value as JavaScript writes it: a whole number has no exponent."""
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else f"{value:g}"
    return str(value)


def _known(value: Value) -> bool:
    return value is not None and not (isinstance(value, float) and math.isnan(value))
