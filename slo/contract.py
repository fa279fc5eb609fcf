"""Whether what the rules are made of is there: every metric, every label, every bucket, at the running parts."""

import re
import urllib.request
from collections.abc import Container, Iterable, Iterator, Mapping
from http.client import HTTPException

from prometheus_client.parser import text_string_to_metric_families

from slo.promql import selectors
from slo.spec import Selector, Spec


class ContractError(ValueError):
    """A part that does not tell what it exposes."""


SCRAPED = frozenset({"job", "instance"})  # labels that Prometheus itself adds

Exposed = Mapping[str, Mapping[str, frozenset[str]]]
"""The values of every label of every metric."""


def fetch(url: str, timeout: float = 10.0) -> str:
    """What a part exposes at its ``/metrics``, as text.

    Raises:
        ContractError: if it does not answer, or with something else.
    """
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:  # noqa: S310 - the address is the caller's own
            text = str(answer.read(), "utf-8")
        read_exposition([text])
    except (OSError, HTTPException, ValueError) as error:
        raise ContractError(f"{url}: no metrics: {error}") from error
    return text


def read_exposition(texts: Iterable[str]) -> Exposed:
    """What some parts expose, from the text of their ``/metrics``.

    Raises:
        ValueError: if a text is no exposition.
    """
    found: dict[str, dict[str, set[str]]] = {}
    for text in texts:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                labels = found.setdefault(sample.name, {})
                for name, value in sample.labels.items():
                    labels.setdefault(name, set()).add(value)
    return {metric: {name: frozenset(v) for name, v in labels.items()} for metric, labels in found.items()}


def read_declared(texts: Iterable[str]) -> frozenset[str]:
    """The metrics that some parts declare, with series or without."""
    return frozenset(family.name for text in texts for family in text_string_to_metric_families(text))


def missing(specs: Iterable[Spec], exposed: Exposed, declared: Container[str] = ()) -> Iterator[str]:
    """What an objective is measured by and nobody exposes, in words; its alerts could never fire.

    Where an objective says by whose ``presence`` it is measured, it is enough that its own metric is ``declared``: it may
    rightly have no series yet.
    """
    said: dict[str, None] = {}  # in order, each once
    for spec in specs:
        slices = spec.sli.slices
        presence = slices.presence if slices is not None else None
        for selector in selectors(spec):
            may_be_empty = presence is not None and selector is not presence
            if may_be_empty and selector.metric not in exposed and selector.metric in declared:
                continue
            by = slices.by if slices is not None else ()
            said |= dict.fromkeys(f"{spec.name}: {complaint}" for complaint in _complaints(selector, by, exposed))
    yield from said


def _complaints(selector: Selector, by: Iterable[str], exposed: Exposed) -> Iterator[str]:
    labels = exposed.get(selector.metric)
    if labels is None:
        yield f"there is no metric {selector.metric}"
        return
    for name in {**selector.match, **selector.exclude, **dict.fromkeys(by)}:
        if name not in labels and name not in SCRAPED:
            yield f"{selector.metric} has no label {name}; it has {', '.join(sorted(labels)) or 'none'}"
    bound = selector.match.get("le")
    if bound is not None and bound not in labels.get("le", ()):
        yield f"{selector.metric} has no bucket le={bound!r}; it has {', '.join(sorted(labels.get('le', ()), key=_number))}"


def _number(text: str) -> float:
    return float(text) if re.fullmatch(r"[0-9.e+-]+", text) else float("inf")
