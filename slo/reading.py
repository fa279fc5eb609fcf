"""Specs from YAML files, and everything that is wrong with them, each with its file, line and field."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

from slo.burn import Pair, Windows
from slo.promql import plain
from slo.spec import Spec

_FIELD = re.compile(r" - at `\$(?P<where>[^`]*)`")


class SpecError(ValueError):
    """Specs that cannot be used; one line a mistake."""


def read_specs(folder: Path, windows: Windows) -> tuple[Spec, ...]:
    """Every spec of a folder, in the order of their files' names.

    Raises:
        SpecError: naming every mistake of every file.
    """
    mistakes: list[str] = []
    specs: dict[str, Spec] = {}
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise SpecError(f"{folder}: there is no *.yaml in it")
    for path in paths:
        try:
            root, spec = _read(path)
        except SpecError as error:
            mistakes.append(str(error))
            continue
        found = [f"{path}:{_line(root, where)}: {where}: {what}" for where, what in _mistakes(path, spec, windows)]
        if spec.name in specs:
            found.append(f"{path}:{_line(root, 'name')}: name: {spec.name!r} is another file's name already")
        mistakes += found
        specs[spec.name] = spec
    mistakes += _unknown_parts(specs, folder)
    if mistakes:
        raise SpecError("\n".join(mistakes))
    return tuple(specs.values())


def _read(path: Path) -> tuple[yaml.Node, Spec]:
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        if root is None:
            raise SpecError(f"{path}: it is empty")
        data = _plain(root)
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path}: {error}") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SpecError(f"{path}:{line}: {error.problem}") from error
    try:
        return root, msgspec.convert(data, Spec, strict=False)
    except msgspec.ValidationError as error:
        said = str(error)
        found = _FIELD.search(said)
        where = found["where"].lstrip(".") if found else ""
        raise SpecError(f"{path}:{_line(root, where)}: {where or 'the document'}: {_FIELD.sub('', said)}") from error


def _plain(node: yaml.Node) -> Any:
    """Plain data, in which a number is still the text that was written: 99.95 is exactly that."""
    match node:
        case yaml.MappingNode():
            seen = set()
            for key, _ in node.value:
                if key.value in seen:
                    raise yaml.MarkedYAMLError(problem=f"{key.value} is there twice", problem_mark=key.start_mark)
                seen.add(key.value)
            return {key.value: _plain(value) for key, value in node.value}
        case yaml.SequenceNode():
            return [_plain(item) for item in node.value]
        case yaml.ScalarNode() if node.tag == "tag:yaml.org,2002:null":
            return None
        case yaml.ScalarNode() if node.tag == "tag:yaml.org,2002:bool":
            return node.value.lower() in {"true", "yes", "on"}
        case _:
            return node.value


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


def _unknown_parts(specs: dict[str, Spec], folder: Path) -> Iterator[str]:
    for spec in specs.values():
        for part in spec.sli.composite.weights if spec.sli.composite else ():
            if part not in specs or specs[part].sli.composite:
                path = folder / f"{spec.name}.yaml"
                yield f"{path}: sli.composite.weights: {part!r} is no objective that is measured by itself"


def _line(root: yaml.Node, where: str) -> int:
    """The line of a field such as ``sli.events.total[0]``, or of its nearest ancestor."""
    node, line = root, root.start_mark.line
    for step in re.findall(r"[^.\[\]]+", where):
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == step]
            if not found:
                break
            line, node = found[0][0].start_mark.line, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and step.isdigit() and int(step) < len(node.value):
            node = node.value[int(step)]
            line = node.start_mark.line
    return int(line) + 1
