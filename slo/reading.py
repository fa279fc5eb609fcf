"""Specs from YAML files, and everything that is wrong with them, each with its file, line and field."""

from collections.abc import Collection, Iterator
from pathlib import Path

from slo.burn import Pair, Windows, seconds
from slo.document import Document, read_document
from slo.document import SpecError as SpecError  # noqa: PLC0414 - who reads specs needs its name too
from slo.promql import plain
from slo.proofs.labels import LabelError, good, selected
from slo.rules import INTERVAL, absent_name
from slo.spec import Selector, Sli, Spec


def read_specs(folder: Path, windows: Windows, policies: Collection[str] | None = None) -> tuple[Spec, ...]:
    """Every spec of a folder, in the order of their files' names. ``policies`` are the names that they may refer to.

    Raises:
        SpecError: naming every mistake of every file.
    """
    mistakes: list[str] = []
    read: dict[str, Document[Spec]] = {}
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise SpecError(f"{folder}: there is no *.yaml in it")
    mistakes += [f"{path}: expected a name that ends in .yaml" for path in sorted(folder.glob("*.yml"))]
    for path in paths:
        try:
            document = read_document(path, Spec)
        except SpecError as error:
            mistakes.append(str(error))
            continue
        spec = document.content
        mistakes += [document.mistake(where, what) for where, what in _mistakes(path, spec, windows)]
        if policies is not None and spec.policy not in policies:
            mistakes.append(document.mistake("policy", f"{spec.policy!r} came, expected one of {', '.join(policies)}"))
        for other in read.values():
            if absent_name(other.content) == absent_name(spec):
                mistakes.append(
                    document.mistake("name", f"its alerts would be called as those of {other.content.name!r}")
                )
        read[path.stem] = document
    mistakes += _unknown_parts(read)
    if mistakes:
        raise SpecError("\n".join(mistakes))
    return tuple(document.content for document in read.values())


def _mistakes(path: Path, spec: Spec, windows: Windows) -> Iterator[tuple[str, str]]:
    if spec.name != path.stem:
        yield "name", f"{spec.name!r} came, expected {path.stem!r}, as the file is called"
    if not 0 < spec.objective < 100:  # noqa: PLR2004 - percent
        yield "objective", f"{spec.objective} came, expected percent, more than 0 and less than 100"
        return
    kinds = spec.sli.kinds
    if len(kinds) != 1:
        yield "sli", f"{' and '.join(kinds) or 'nothing'} came, expected one of events, latency, slices, composite"
    slices = spec.sli.slices
    if slices is not None and (slices.above is None) == (slices.below is None):
        yield "sli.slices", "expected exactly one of above and below"
    if spec.sli.latency is not None and spec.sli.latency.threshold <= 0:
        yield "sli.latency.threshold", f"{spec.sli.latency.threshold} came, expected seconds, more than 0"
    composite = spec.sli.composite
    for name, weight in composite.weights.items() if composite is not None else ():
        if weight <= 0:
            yield f"sli.composite.weights.{name}", f"{weight} came, expected more than 0"
    yield from _unprovable(spec)
    yield from _unheard(spec, windows)


def _unprovable(spec: Spec) -> Iterator[tuple[str, str]]:
    """Matchers of which no series can be made, so that nothing could be proven."""
    wrong = False
    for where, selector in _selectors(spec.sli):
        try:
            selected(selector)
        except LabelError as error:
            wrong = True
            yield where, str(error)
    if spec.sli.events is not None and not wrong:
        try:
            good(spec.sli.events)
        except LabelError as error:
            yield "sli.events", str(error)


def _selectors(sli: Sli) -> Iterator[tuple[str, Selector]]:
    """Every selector with its place."""
    if sli.events is not None:
        for part, of in (("total", sli.events.total), ("bad", sli.events.bad)):
            yield from ((f"sli.events.{part}[{number}]", selector) for number, selector in enumerate(of))
    if sli.latency is not None:
        yield "sli.latency", sli.latency.selector
    if sli.slices is not None:
        yield "sli.slices", sli.slices.selector
        if sli.slices.presence is not None:
            yield "sli.slices.presence", sli.slices.presence


def _unheard(spec: Spec, windows: Windows) -> Iterator[tuple[str, str]]:
    """Alerts that could never fire, or twice."""
    severities, least = spec.alerting.severities, spec.alerting.min_failures
    if len(set(severities)) < len(severities):
        yield "alerting.severities", f"{', '.join(severities)} came, expected each once"
    reachable = [pair for severity in severities for pair in windows.pairs(spec, severity)]
    if severities and not reachable:
        yield "alerting.severities", f"no alert could ever fire: {_why(spec, windows)}"
    for severity in severities:
        pairs = windows.pairs(spec, severity)
        if reachable and not pairs:
            yield "alerting.severities", f"a {severity} could never fire: {_why(spec, windows, severity)}"
        slices = max((seconds(pair.long) // INTERVAL for pair in pairs), default=0)
        if spec.sli.slices is not None and pairs and least > slices:
            yield (
                "alerting.min_failures",
                f"{least} came: a {severity} could never fire, its windows have {slices} slices",
            )


def _why(spec: Spec, windows: Windows, *severities: str) -> str:
    said = []
    for severity in severities or spec.alerting.severities:
        said += [_unreachable(spec, pair) for pair in windows.all_pairs(spec, severity)]
    return "; ".join(said)


def _unreachable(spec: Spec, pair: Pair) -> str:
    return f"{plain(pair.factor)} x {plain(spec.budget)} for {pair.long} is 1 or more"


def _unknown_parts(read: dict[str, Document[Spec]]) -> Iterator[str]:
    for document in read.values():
        composite = document.content.sli.composite
        for part in composite.weights if composite else ():
            if part not in read or read[part].content.sli.composite:
                where = f"sli.composite.weights.{part}"
                yield document.mistake(where, f"{part!r} is no objective that is measured by itself")
