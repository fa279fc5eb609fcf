"""OpenSLO v1 documents of a spec: SLI, SLO, and an AlertPolicy with its AlertCondition for each pair of burn windows.

What OpenSLO can't hold (owner, the guard against little traffic, the shorter window of a pair) is in annotations under
``puerta.internal/``, so that a document becomes the same spec again. Source: the specification's text for v1, and where
it says less (``op``, ``alertAfter``), its JSON Schema: https://github.com/OpenSLO/OpenSLO, README.md and schemas/v1.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from slo.burn import Pair, Windows
from slo.openslo import queries
from slo.openslo.dumper import dump
from slo.promql import plain, selectors, series
from slo.rendering import MADE_BY
from slo.spec import Selector, Slices, Spec

PREFIX = "puerta.internal/"
API = "openslo/v1"
ROLLING = ("30d", "28d")
# A calendar month begins at the first of any month, in UTC as Prometheus' month() has it.
MONTH = {
    "duration": "1M",
    "isRolling": False,
    "calendar": {"startTime": "2026-01-01 00:00:00", "timeZone": "Etc/UTC"},
}
HELD = frozenset({"name", "title", "description", "service", "objective", "window", "sli", "alerting"})
_SEVERITIES = {"page": "Somebody is woken up.", "ticket": "Somebody looks at it in working hours."}
_COMPOSITE = """\
# {title}: {objective} % over {window}, of {parts}.
# There is no document of it: an SLO of OpenSLO v1 has exactly one indicator, and this has several.
"""

Document = dict[str, Any]


def files(specs: Iterable[Spec], windows: Windows) -> dict[str, str]:
    """The documents of every spec by the name of its file, and of what they share."""
    specs = tuple(specs)
    made = {"_shared": _text(_shared(specs))}
    for spec in specs:
        made[spec.name] = _composite(spec) if spec.sli.composite is not None else _text(documents(spec, windows))
    return {f"{name}.yaml": text for name, text in made.items()}


def documents(spec: Spec, windows: Windows) -> Iterator[Document]:
    """The documents of one spec.

    Raises:
        ValueError: for a composite, which OpenSLO v1 has no place for.
    """
    yield _document("SLI", spec.name, {"description": spec.description, **_indicator(spec)}, title=spec.title)
    pairs = [(severity, pair) for severity in spec.alerting.severities for pair in windows.pairs(spec, severity)]
    objective = {
        "description": spec.description,
        "service": spec.service,
        "indicatorRef": spec.name,
        "timeWindow": [{"duration": spec.window, "isRolling": True} if spec.window in ROLLING else MONTH],
        "budgetingMethod": "Occurrences",
        "objectives": [{"displayName": spec.title, **_threshold(spec), "target": spec.ratio}],
        "alertPolicies": [_alert(spec, severity, pair) for severity, pair in pairs],
    }
    yield _document("SLO", spec.name, objective, title=spec.title, annotations=_annotations(spec))
    for severity, pair in pairs:
        yield _policy(spec, severity, pair)
        yield _condition(spec, severity, pair)


def _indicator(spec: Spec) -> Document:
    events, slices = spec.sli.events, spec.sli.slices
    if events is not None:
        ratio = {"counter": True, "bad": _source(events.bad), "total": _source(events.total)}
    elif spec.sli.latency is not None:
        count, bucket = selectors(spec)
        ratio = {"counter": True, "good": _source([bucket]), "total": _source([count])}
    elif slices is not None:
        worst = "" if not slices.by else "max" if slices.above is not None else "min"
        gauge = queries.Gauge(selectors(spec)[0], slices.age, worst, slices.by)
        return {"thresholdMetric": {"metricSource": {"type": "Prometheus", "spec": {"query": str(gauge)}}}}
    else:
        raise ValueError(f"{spec.name} is made of other objectives: OpenSLO v1 has no place for it")
    return {"ratioMetric": ratio}


def _source(of: Iterable[Selector]) -> Document:
    return {"metricSource": {"type": "Prometheus", "spec": {"query": queries.counters(of)}}}


def _threshold(spec: Spec) -> Document:
    """What a slice is held to; at the limit itself it is good. Occurrences: every series at every look counts as one."""
    slices = spec.sli.slices
    if slices is None:
        return {}
    return {"op": "lte", "value": slices.above} if slices.above is not None else {"op": "gte", "value": slices.below}


def _annotations(spec: Spec) -> dict[str, str]:
    found = {name: getattr(spec, name) for name in spec.__struct_fields__ if name not in HELD}
    found |= {"min-failures": spec.alerting.min_failures, "alert-text": spec.alerting.text}
    presence = _presence(spec.sli.slices)
    if presence is not None:
        found["presence"] = presence
    return {PREFIX + name: str(value) for name, value in found.items() if value}


def _presence(slices: Slices | None) -> str | None:
    presence = slices.presence if slices is not None else None
    return series(presence) if presence is not None else None


def _policy(spec: Spec, severity: str, pair: Pair) -> Document:
    name = _alert(spec, severity, pair)
    content = {
        "description": spec.alerting.text,
        # Where nothing is measured, the most urgent policies tell it.
        "alertWhenNoData": severity == ("page" if "page" in spec.alerting.severities else "ticket"),
        "alertWhenResolved": True,
        "alertWhenBreaching": True,
        "conditions": [{"conditionRef": name}],
        "notificationTargets": [{"targetRef": severity}],
    }
    return _document("AlertPolicy", name, content)


def _condition(spec: Spec, severity: str, pair: Pair) -> Document:
    content = {
        "description": f"The error budget burns {plain(pair.factor)} times as fast as it may, over {pair.long}.",
        "severity": severity,
        "condition": {
            "kind": "burnrate",
            "op": "gt",
            "threshold": pair.factor,
            "lookbackWindow": pair.long,
            "alertAfter": "1m",  # at once; the schema knows no shorter time
        },
    }
    short = {PREFIX + "short-window": pair.short}
    return _document("AlertCondition", _alert(spec, severity, pair), content, annotations=short)


def _alert(spec: Spec, severity: str, pair: Pair) -> str:
    return f"{spec.name}-{severity}-{pair.long}"


def _shared(specs: Iterable[Spec]) -> Iterator[Document]:
    for service in sorted({spec.service for spec in specs}):
        yield _document("Service", service, {"description": f"What the objectives of {service} are about."})
    for severity, text in _SEVERITIES.items():
        yield _document("AlertNotificationTarget", severity, {"description": text, "target": "alertmanager"})


def _document(
    kind: str, name: str, spec: Document, *, title: str | None = None, annotations: dict[str, str] | None = None
) -> Document:
    metadata: Document = {"name": name}
    if title is not None:
        metadata["displayName"] = title
    if annotations:
        metadata["annotations"] = annotations
    return {"apiVersion": API, "kind": kind, "metadata": metadata, "spec": spec}


def _composite(spec: Spec) -> str:
    weights = spec.sli.composite.weights if spec.sli.composite else {}
    said = {"title": spec.title, "objective": spec.objective, "window": spec.window, "parts": ", ".join(weights)}
    return f"{MADE_BY}\n{_COMPOSITE.format(**said)}"


def _text(made: Iterable[Document]) -> str:
    return f"{MADE_BY}\n{dump(made)}"
