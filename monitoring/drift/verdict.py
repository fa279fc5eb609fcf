"""What a window's counts say against a reference's: subject by subject, with all the numbers that it rests on."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from monitoring.counting.coding import ABOVE, BELOW, INVALID, MISSING, NAMES, UNSEEN, Categories, Coding, coding
from monitoring.counting.counts import JOINT, PREDICTION, PROBABILITY, Cell, Counts, bins_of, sketches
from monitoring.drift.divergence import Divergence, divergence, earth_mover, moves
from monitoring.drift.numbers import compare
from monitoring.drift.rule import LEVELS, Rule, worst
from monitoring.drift.significance import accepted, normal_tails, rate_rise
from monitoring.drift.subject import Check, Kind, Moved, Subject
from monitoring.watched import Watched

_MOST_MOVED = 10
_FEW = 20  # expected rows up to which a category's rise is tested exactly

_FAULTS: dict[int, Kind] = {UNSEEN: "unseen", MISSING: "missing", INVALID: "invalid"}


def judge(window: Counts, reference: Counts, watched: Watched, rule: Rule) -> tuple[Subject, ...]:
    """Every subject's verdict; a window or a reference without rows has none."""
    return settle([candidates(window, reference, watched, rule)], rule)[0]


def candidates(window: Counts, reference: Counts, watched: Watched, rule: Rule) -> tuple[Subject, ...]:
    """Every subject with what the size of its checks says, to be settled; a window or a reference without rows has none."""
    if not window.rows or not reference.rows:
        return ()
    return tuple(_subjects(window, reference, watched, rule))


def settle(groups: Sequence[Sequence[Subject]], rule: Rule) -> list[tuple[Subject, ...]]:
    """The groups' subjects with their levels: all checks of all groups are one family, corrected for their number."""
    checks = [check for group in groups for subject in group for check in subject.checks]
    discoveries = accepted([check.p for check in checks], rule.discovery)
    real = iter(discovery and check.p < rule.significance for discovery, check in zip(discoveries, checks, strict=True))
    return [tuple(_settled(subject, real) for subject in group) for group in groups]


def of_cells(
    name: str,
    here: Mapping[Cell, float],
    there: Mapping[Cell, float],
    features: list[Coding],
    effective: float,
    rule: Rule,
) -> Subject | None:
    """Combinations of some features as a subject, to be settled; None where a side is empty."""
    found = divergence(here, there, effective)
    if found is None:
        return None
    check = Check("distribution", found.score, found.p, rule.of_score(found.score))
    return _subject(name, found, [check], _moved_cells(here, there, features))


def _settled(subject: Subject, real: Iterator[bool]) -> Subject:
    """With the level of what chance explains taken away."""
    checks = tuple(check if next(real) else msgspec.structs.replace(check, level="none") for check in subject.checks)
    return msgspec.structs.replace(subject, checks=checks, level=worst([check.level for check in checks]))


def _subjects(window: Counts, reference: Counts, watched: Watched, rule: Rule) -> Iterator[Subject]:
    codings: dict[str, Coding] = {name: coding(counted) for name, counted in watched.reference.features.items()}
    codings[PREDICTION] = coding(watched.reference.predictions)
    if watched.reference.probability is not None:
        codings[PROBABILITY] = bins_of(watched.reference.probability)
    effective = reference.effective
    for name, values in codings.items():
        here, there = window.subjects[name], reference.subjects[name]
        found = divergence(_folded(here, values), _folded(there, values), effective)
        if found is None:
            continue
        checks = [Check("distribution", found.score, found.p, rule.of_score(found.score))]
        tested: dict[int, float] = {}
        if name != PROBABILITY:
            if isinstance(values, Categories):
                tested = _categories(here, there, effective)
                checks.append(_worst_category(here, there, tested, rule))
            checks += _faults(here, there, effective, rule)
        moved = _moved(here, there, values, tested)[: None if name == PROBABILITY else _MOST_MOVED]
        subject = _subject(name, found, checks, moved)
        if name == PROBABILITY:
            yield _with_distance(subject, window, reference, bin_width=1 / len(values))
        elif name in window.numbers:
            coarse = not sketches(watched)[name].known.buckets
            numbers = compare(window.numbers[name], reference.numbers[name], coarse=coarse)
            yield msgspec.structs.replace(subject, numbers=numbers)
        else:
            yield subject
    if window.cells is not None and reference.cells is not None:
        features = [codings[feature] for feature in watched.reference.features]
        jointly = of_cells(JOINT, window.cells, reference.cells, features, effective, rule)
        if jointly is not None:
            yield jointly


def _subject(name: str, found: Divergence, checks: list[Check], moved: tuple[Moved, ...]) -> Subject:
    return Subject(name, found.score, found.psi, found.noise, found.p, found.cells, "none", tuple(checks), moved)


def _with_distance(subject: Subject, window: Counts, reference: Counts, *, bin_width: float) -> Subject:
    here, there = window.mean_probability(), reference.mean_probability()
    return msgspec.structs.replace(
        subject,
        shift=None if here is None or there is None else here - there,
        earth_mover=earth_mover(window.subjects[subject.name], reference.subjects[subject.name], bin_width),
    )


def _categories(here: Mapping[int, float], there: Mapping[int, float], effective: float) -> dict[int, float]:
    """For each known category, how likely its change is by chance, times the number of categories (Bonferroni)."""
    n, m = sum(here.values()), sum(there.values())
    codes = {code for code in here.keys() | there.keys() if code >= 0}
    return {
        code: min(1.0, len(codes) * _change(here.get(code, 0), n, there.get(code, 0) / m, effective)) for code in codes
    }


def _change(count: float, n: float, share: float, m: float) -> float:
    """Two-sided p-value that a category's share is the reference's still."""
    together = (count + share * m) / (n + m)
    if count > n * share and n * together < _FEW:
        return min(1.0, 2 * rate_rise(count, n, share * m, m))
    spread = math.sqrt(together * (1 - together) * (1 / n + 1 / m))
    return normal_tails((count / n - share) / spread) if spread else 1.0


def _worst_category(
    here: Mapping[int, float], there: Mapping[int, float], tested: dict[int, float], rule: Rule
) -> Check:
    """The category that matters most among those that chance does not explain."""
    n, m = sum(here.values()), sum(there.values())
    changes = {
        code: here.get(code, 0) / n - there.get(code, 0) / m for code, p in tested.items() if p < rule.significance
    }
    levels = {code: rule.of_change(here.get(code, 0) / n, there.get(code, 0) / m) for code in changes}
    if not changes:
        return Check("categories", 0.0, min(tested.values(), default=1.0), "none")
    code = max(changes, key=lambda code: (LEVELS.index(levels[code]), abs(changes[code]), code))
    return Check("categories", changes[code], tested[code], levels[code])


def _faults(here: Mapping[int, float], there: Mapping[int, float], effective: float, rule: Rule) -> Iterable[Check]:
    """Whether more rows than before are unseen, missing, of another type or out of range."""
    n, m = sum(here.values()), sum(there.values())
    counted = {kind: (here.get(code, 0), there.get(code, 0)) for code, kind in _FAULTS.items()}
    counted["out_of_range"] = (here.get(BELOW, 0) + here.get(ABOVE, 0), 0)
    for kind, (count, before) in counted.items():
        if count:
            rise = count / n - before / m
            p = rate_rise(count, n, before * effective / m, effective)
            yield Check(kind, rise, p, rule.of_rise(rise))


def _folded(counted: Mapping[int, float], values: Coding) -> dict[int, float]:
    """Numbers out of range in the first and the last bin, where a stability index has them."""
    found = dict(counted)
    for code, bin_ in ((BELOW, 0), (ABOVE, len(values) - 1)):
        if code in found:
            found[bin_] = found.get(bin_, 0) + found.pop(code)
    return found


def _moved(
    here: Mapping[int, float], there: Mapping[int, float], values: Coding, tested: Mapping[int, float]
) -> tuple[Moved, ...]:
    return tuple(
        Moved(values.name(move.key), move.share, move.reference_share, move.contribution, tested.get(move.key))
        for move in moves(here, there)
    )


def _moved_cells(here: Mapping[Cell, float], there: Mapping[Cell, float], features: list[Coding]) -> tuple[Moved, ...]:
    def name(cell: Cell) -> str:
        return ", ".join(NAMES.get(code) or values.name(code) for code, values in zip(cell, features, strict=True))

    return tuple(
        Moved(name(move.key), move.share, move.reference_share, move.contribution)
        for move in moves(here, there)[:_MOST_MOVED]
    )
