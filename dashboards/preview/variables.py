"""A dashboard's variables, resolved and put into queries and links as Grafana does.

https://grafana.com/docs/grafana/latest/dashboards/variables/variable-syntax/
"""

import json
import re
import urllib.parse
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from dashboards.preview.model import Dashboard, Variable
from dashboards.preview.pattern import pattern
from dashboards.preview.period import Period
from dashboards.preview.prometheus import Source, written

ALL = "$__all"

_REFERENCE = re.compile(r"""\$\{(?P<long>[\w.]+(?:\["[^"]*"\])?)(?::(?P<format>\w+))?\}|\$(?P<short>\w+)""")
_LABEL_VALUES = re.compile(r"label_values\(\s*(?:(?P<selector>.+),)?\s*(?P<label>\w+)\s*\)\s*", re.DOTALL)
_QUERY_RESULT = re.compile(r"query_result\((?P<query>.+)\)\s*", re.DOTALL)


@dataclass(frozen=True)
class Choice:
    """What is chosen of a variable, out of what; ``everything`` if that is "All"."""

    variable: Variable
    options: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    everything: bool = False

    def text(self) -> str:
        """What is chosen, for people."""
        return "All" if self.everything else " + ".join(self.values) or "none"

    def written(self, form: str | None) -> str:
        """As it stands in a query, in one of Grafana's formats; None is the format of Prometheus."""
        if self.everything and self.variable.all_value and form in {None, "regex"}:
            return self.variable.all_value
        if form in _FORMATS:
            return _FORMATS[form](self)
        if form == "regex" or self.variable.multi or self.variable.include_all:
            escaped = [_escaped(value) for value in self.values]
            return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"
        return ",".join(value.replace("\\", "\\\\").replace('"', '\\"') for value in self.values)

    def parameters(self) -> str:
        """As it stands in an address of Grafana's."""
        values = (ALL,) if self.everything else self.values
        return "&".join(f"var-{self.variable.name}={urllib.parse.quote(value)}" for value in values)


_FORMATS: dict[str | None, Callable[[Choice], str]] = {
    "raw": lambda choice: ",".join(choice.values),
    "csv": lambda choice: ",".join(choice.values),
    "text": Choice.text,
    "pipe": lambda choice: "|".join(choice.values),
    "queryparam": Choice.parameters,
    "percentencode": lambda choice: urllib.parse.quote(",".join(choice.values), safe=""),
    "json": lambda choice: json.dumps(choice.values),
}


@dataclass(frozen=True)
class Scope:
    """What ``$name`` stands for: the dashboard's variables, and what is known of the place (``plain``)."""

    choices: Mapping[str, Choice] = field(default_factory=dict)
    plain: Mapping[str, str] = field(default_factory=dict)

    def fill(self, template: str) -> str:
        """The text with every known variable replaced; what is unknown stays as it is."""

        def found(match: re.Match[str]) -> str:
            name = match["long"] or match["short"]
            if name in self.plain:
                return self.plain[name]
            if name in self.choices:
                return self.choices[name].written(match["format"])
            return match[0]

        return _REFERENCE.sub(found, template)

    def within(self, period: Period, step: float, scrape: float) -> "Scope":
        """The same where a query is asked: its step (seconds) and range are known.

        ``$__rate_interval`` is max(step + scrape interval, 4 x scrape interval), as Grafana documents it.
        """
        whole = period.end - period.start
        rate = max(step + scrape, 4 * scrape)
        return self.also(
            {
                "__interval": written(step),
                "__interval_ms": f"{step * 1000:.0f}",
                "__rate_interval": written(rate),
                "__rate_interval_ms": f"{rate * 1000:.0f}",
                "__range": written(whole),
                "__range_s": f"{whole:.0f}",
                "__range_ms": f"{whole * 1000:.0f}",
                "__from": f"{period.start * 1000:.0f}",
                "__to": f"{period.end * 1000:.0f}",
            }
        )

    def also(self, plain: Mapping[str, str]) -> "Scope":
        """The same with some more plain names."""
        return replace(self, plain={**self.plain, **plain})


def resolve(dashboard: Dashboard, source: Source, period: Period, asked: Mapping[str, str]) -> Scope:
    """Choose a value for every variable: what is asked for, else what the file says, else "All" or the first one.

    Raises:
        ValueError: if a variable is asked for that the dashboard lacks, or a value that there isn't.
        PrometheusError: if a query is not answered.
    """
    scope = Scope().within(period, period.step(1000, source.scrape_seconds()), source.scrape_seconds())
    for variable in dashboard.variables:
        options = _options(variable, source, period, scope)
        choice = _choice(variable, options, asked.get(variable.name))
        scope = replace(scope, choices={**scope.choices, variable.name: choice})
    return scope


def _options(variable: Variable, source: Source, period: Period, scope: Scope) -> tuple[str, ...]:
    match variable.kind:
        case "query":
            found = list(dict.fromkeys(_filtered(_queried(scope.fill(variable.query), source, period), variable.regex)))
            return tuple(found)
        case "custom" | "interval":
            return tuple(part.strip().split(" : ")[-1] for part in variable.query.split(",") if part.strip())
        case "constant" | "textbox":
            return (variable.query,)
        case "datasource":
            return ("Prometheus",)
    raise ValueError(f"the preview knows no variable of kind {variable.kind}")


def _queried(query: str, source: Source, period: Period) -> Iterable[str]:
    if match := _LABEL_VALUES.fullmatch(query.strip()):
        label = match["label"]
        if match["selector"] is None:
            return source.label_values(label, period.start, period.end)
        series = source.series([match["selector"].strip()], period.start, period.end)
        return sorted({one[label] for one in series if label in one})
    if match := _QUERY_RESULT.fullmatch(query.strip()):
        found = source.instant(match["query"], period.end)
        return [f"{_selector(one.labels)} {one.values[-1]:g} {one.times[-1] * 1000:.0f}" for one in found]
    raise ValueError(f"the preview knows no variable query like {query!r}")


def _filtered(values: Iterable[str], regex: str) -> Iterable[str]:
    if not regex:
        yield from values
        return
    wanted = pattern(regex)
    for value in values:
        if match := wanted.search(value):
            named = match.groupdict()
            yield named.get("value") or named.get("text") or (match[1] if match.groups() else value)


def _choice(variable: Variable, options: tuple[str, ...], asked: str | None) -> Choice:
    if variable.kind in {"textbox", "constant"}:
        return Choice(variable, options, (asked,) if asked is not None else options)
    if asked is not None and asked not in {"All", ALL}:
        wanted = tuple(asked.split(",")) if variable.multi else (asked,)
        if strange := [value for value in wanted if value not in options]:
            raise ValueError(
                f"--var {variable.name}: there is no {strange[0]}; there are: {', '.join(options) or 'none'}"
            )
        return Choice(variable, options, wanted)
    current = tuple(value for value in variable.current if value in options)
    if asked is None and current:
        return Choice(variable, options, current)
    if variable.include_all and (asked is not None or not variable.current or ALL in variable.current):
        return Choice(variable, options, options, everything=True)
    return Choice(variable, options, options[:1])


def _selector(labels: Mapping[str, str]) -> str:
    pairs = ",".join(f'{name}="{value}"' for name, value in labels.items() if name != "__name__")
    return f"{labels.get('__name__', '')}{{{pairs}}}"


def _escaped(value: str) -> str:
    """A value inside a regular expression inside a PromQL string: both take a backslash."""
    return re.sub(r"[\\^$*+?.()|\[\]{}/]", r"\\\\\g<0>", value)
