"""Labels of series that matchers select, and that others do not."""

import re
from collections.abc import Iterator, Mapping

from slo.spec import Events, Selector

Labels = dict[str, str]
_OTHERS = ("200", "other", "")  # what is tried as a value that a matcher does not match
_ATOM = re.compile(r"\\(?P<escaped>.)|\[(?P<first>[^^\]\\])[^\]]*\]|\.\*|(?P<any>\.)|[*+?^$]")
_GROUP = re.compile(r"\((?:\?:)?([^()|]*)[^()]*\)")  # one that holds no other, with its first choice


class LabelError(ValueError):
    """Matchers of which no example can be made, so that nothing could be proven of what they select."""


def examples(pattern: str) -> list[str]:
    r"""Texts that a matcher matches: one for each of its choices, as short as can be.

    Raises:
        LabelError: if it is no regular expression, or less plain than groups, classes, ``\d``, ``.*`` and the like.
    """
    whole, text = _compiled(pattern), pattern
    while (simpler := _GROUP.sub(r"\1", text)) != text:
        text = simpler
    found = [choice for choice in (_ATOM.sub(_plainest, part) for part in text.split("|")) if whole.fullmatch(choice)]
    if not found:
        raise LabelError(f"{pattern!r} came, of which no example is made: expected plain choices")
    return found


def selects(selector: Selector, metric: str, labels: Mapping[str, str]) -> bool:
    """Whether a selector selects a series."""
    return (
        selector.metric == metric
        and all(re.fullmatch(value, labels.get(name, "")) for name, value in selector.match.items())
        and not any(re.fullmatch(value, labels.get(name, "")) for name, value in selector.exclude.items())
    )


def selected(selector: Selector) -> Labels:
    """Labels of a series that a selector selects.

    Raises:
        LabelError: if none is found.
    """
    found: Labels = {}
    for name in {**selector.match, **selector.exclude}:
        choices = examples(selector.match[name]) if name in selector.match else _OTHERS
        avoid = _compiled(selector.exclude[name]) if name in selector.exclude else None
        free = [choice for choice in choices if avoid is None or not avoid.fullmatch(choice)]
        if not free:
            raise LabelError(f"no value of {name} was found that {selector.exclude[name]!r} does not exclude")
        found[name] = free[0]
    return found


def good(events: Events) -> Labels:
    """Labels of a series of all events (of the first selector of them) that is none of bad ones.

    Raises:
        LabelError: if none is found: everything would be bad.
    """
    total = events.total[0]
    plain = selected(total)
    for labels in _variants(plain, events):
        if selects(total, total.metric, labels) and not any(selects(bad, total.metric, labels) for bad in events.bad):
            return labels
    raise LabelError("no series was found that is of all events and not of the bad ones")


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise LabelError(f"{pattern!r} is no regular expression: {error}") from error


def _variants(labels: Labels, events: Events) -> Iterator[Labels]:
    """The same with one label as it is not for bad events, and as they are."""
    for bad in events.bad:
        if bad.metric == events.total[0].metric:
            yield from ({**labels, name: other} for name in bad.match for other in _OTHERS)
            yield from ({**labels, name: one} for name, pattern in bad.exclude.items() for one in examples(pattern))
    yield labels


def _plainest(found: re.Match[str]) -> str:
    """What the least of a piece of a regular expression matches; a repeated piece is there once."""
    if found["escaped"]:
        return {"d": "0", "w": "a", "s": " "}.get(found["escaped"], found["escaped"])
    return found["first"] or ("0" if found["any"] else "")
