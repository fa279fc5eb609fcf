"""OpenSLO v1 documents as specs: SLOs whose indicator, policies and conditions are inline or in the same file."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import msgspec

from slo.burn import Windows
from slo.openslo.documents import API, HELD, PREFIX, ROLLING
from slo.openslo.field import Field, read_documents
from slo.openslo.indicators import read_sli
from slo.openslo.parsing import read_counters
from slo.promql import plain
from slo.reading import SpecError
from slo.spec import Selector, Spec

_WINDOWS = {**{window: window for window in ROLLING}, "4w": "28d"}
_KINDS = ("AlertCondition", "AlertNotificationTarget", "AlertPolicy", "DataSource", "SLI", "SLO", "Service")
_FIELDS = (
    "description", "service", "indicator", "indicatorRef", "timeWindow", "budgetingMethod", "objectives",
    "alertPolicies",
)  # fmt: skip


@dataclass(frozen=True)
class _Library:
    """The documents of a file by kind and name."""

    named: dict[tuple[str, str], Field]

    def find(self, kind: str, ref: Field) -> Field:
        """The document that a reference names."""
        found = self.named.get((kind, ref.text))
        if found is None:
            raise ref.wrong(f"the name of an {kind} in the same file")
        return found

    def sources(self) -> dict[str, str]:
        """The type of each data source by its name."""
        of_kind = {name: field for (kind, name), field in self.named.items() if kind == "DataSource"}
        return {name: field.need("spec").need("type").text for name, field in of_kind.items()}


def read_objectives(path: Path, windows: Windows) -> tuple[Spec, ...]:
    """The spec of every SLO in a file.

    Raises:
        SpecError: for what is no OpenSLO v1, and what of it no spec can say: file, line, field, what was expected.
    """
    named: dict[tuple[str, str], Field] = {}
    for document in read_documents(path):
        document.need("apiVersion").one_of(API)
        kind, name = document.need("kind").one_of(*_KINDS), document.need("metadata").need("name")
        if (kind, name.text) in named:
            raise name.wrong(f"a {kind} of another name: this one is there already")
        named[kind, name.text] = document
    library = _Library(named)
    found = tuple(_spec(field, library, windows) for (kind, _), field in named.items() if kind == "SLO")
    if not found:
        raise SpecError(f"{path}:1: {len(named)} documents and no SLO among them came, expected one")
    return found


def _spec(document: Field, library: _Library, windows: Windows) -> Spec:
    metadata, content = document.need("metadata"), document.need("spec")
    content.only(*_FIELDS)
    content.need("budgetingMethod").one_of("Occurrences")
    objectives = content.need("objectives")
    if len(objectives.items) != 1:
        raise objectives.wrong("exactly one objective: each is a spec of its own here")
    objective = objectives.items[0]
    notes = _annotations(metadata)
    presence = _presence(notes.pop("presence", None))
    name, service = metadata.need("name").text, content.need("service").text
    title = _or(metadata.get("displayName"), name)
    description = _or(content.get("description"), title)
    sli = read_sli(_indicator(content, library), objective, library.sources(), presence)
    conditions = list(_conditions(content, library))
    data = {
        "name": name,
        "title": title,
        "description": description,
        "owner": service,
        "service": service,
        "sli": msgspec.to_builtins(sli),
        "objective": _percent(objective),
        "window": _window(content.need("timeWindow")),
        "alerting": {
            "severities": list(
                dict.fromkeys(condition.need("severity").one_of("page", "ticket") for condition in conditions)
            ),
            "min_failures": _or(notes.pop("min-failures", None), "5"),
            "text": _or(notes.pop("alert-text", None), description),
        },
        **{key: field.text for key, field in notes.items()},
    }
    try:
        spec = msgspec.convert(data, Spec, strict=False)
    except msgspec.ValidationError as error:
        raise metadata.wrong(f"what a spec can say: {error}") from error
    _hold(conditions, spec, windows)
    return spec


def _or(field: Field | None, otherwise: str) -> str:
    return field.text if field is not None else otherwise


def _annotations(metadata: Field) -> dict[str, Field]:
    """What only an annotation of ours can hold; those of others are about their own tools."""
    known = {*Spec.__struct_fields__} - HELD | {"min-failures", "alert-text", "presence"}
    annotations = metadata.get("annotations")
    if annotations is None:
        return {}
    found = {name: annotations.get(PREFIX + name) for name in known}
    return {name: field for name, field in found.items() if field is not None}


def _presence(field: Field | None) -> Selector | None:
    if field is None:
        return None
    selectors = read_counters(field)
    if len(selectors) != 1:
        raise field.wrong("one selector")
    return selectors[0]


def _indicator(content: Field, library: _Library) -> Field:
    inline, ref = content.get("indicator"), content.get("indicatorRef")
    if (inline is None) == (ref is None):
        raise content.wrong("exactly one of indicator and indicatorRef")
    return (library.find("SLI", ref) if ref is not None else content.need("indicator")).need("spec")


def _percent(objective: Field) -> str:
    target, percent = objective.get("target"), objective.get("targetPercent")
    if (target is None) == (percent is None):
        raise objective.wrong("exactly one of target and targetPercent")
    value = target.number * 100 if target is not None else objective.need("targetPercent").number
    if not 0 < value < 100:  # noqa: PLR2004 - percent
        raise (target or objective.need("targetPercent")).wrong("more than nothing and less than everything")
    return plain(value)


def _window(windows: Field) -> str:
    if len(windows.items) != 1:
        raise windows.wrong("exactly one time window")
    window = windows.items[0]
    duration, calendar, rolling = window.need("duration"), window.get("calendar"), window.get("isRolling")
    if calendar is None:
        if rolling is None or rolling.text != "true":
            raise window.wrong("isRolling: true, or a calendar")
        return _WINDOWS[duration.one_of(*_WINDOWS)]
    duration.one_of("1M")
    calendar.need("timeZone").one_of("Etc/UTC", "UTC")
    if not calendar.need("startTime").text.endswith("-01 00:00:00"):
        raise calendar.need("startTime").wrong("the first of a month, 00:00:00")
    return "month"


def _conditions(content: Field, library: _Library) -> Iterator[Field]:
    """The ``spec`` of every alert condition, whatever refers to it."""
    policies = content.get("alertPolicies")
    for policy in policies.items if policies is not None else ():
        for condition in _policy(policy, library).need("conditions").items:
            ref = condition.get("conditionRef")
            yield (library.find("AlertCondition", ref) if ref is not None else condition).need("spec")


def _policy(policy: Field, library: _Library) -> Field:
    """A policy that is named, as the schema has it, or referred to or inline, as the text has it."""
    if policy.is_text:
        return library.find("AlertPolicy", policy).need("spec")
    ref = policy.get("alertPolicyRef")
    return (library.find("AlertPolicy", ref) if ref is not None else policy).need("spec")


def _hold(conditions: list[Field], spec: Spec, windows: Windows) -> None:
    """Refuse alerts that would be others here: of each severity there are all the burn windows of ours, or none."""
    asked: dict[str, dict[tuple[Decimal, str], Field]] = {}
    for field in conditions:
        condition = field.need("condition")
        condition.need("kind").one_of("burnrate")
        pair = condition.need("threshold").number, condition.need("lookbackWindow").text
        asked.setdefault(field.need("severity").text, {})[pair] = condition
    for severity, found in asked.items():
        ours = [(pair.factor, pair.long) for pair in windows.pairs(spec, severity)]
        said = " and ".join(f"{plain(factor)} over {long}" for factor, long in ours) or "none that could ever fire"
        for pair, condition in found.items():
            if pair not in ours:
                raise condition.wrong(f"a burn rate that is in burn-windows.yaml for a {severity}: {said}")
        if len(found) < len(ours):
            raise next(iter(found.values())).wrong(f"all burn rates of a {severity}: {said}")
