"""Specs from YAML files, and everything that is wrong with them, each with its file, line and field."""

from collections.abc import Collection, Iterator
from pathlib import Path

from slo.burn import Pair, Windows
from slo.document import Document, read_document
from slo.document import SpecError as SpecError  # noqa: PLC0414 - who reads specs needs its name too
from slo.promql import plain
from slo.spec import Spec


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
        if spec.name in read:
            mistakes.append(document.mistake("name", f"{spec.name!r} is another file's name already"))
        read[spec.name] = document
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
    reachable = [pair for severity in spec.alerting.severities for pair in windows.pairs(spec, severity)]
    if spec.alerting.severities and not reachable:
        yield "alerting.severities", f"no alert could ever fire: {_why(spec, windows)}"
    for severity in spec.alerting.severities:
        if reachable and not windows.pairs(spec, severity):
            yield "alerting.severities", f"a {severity} could never fire: {_why(spec, windows, severity)}"


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
