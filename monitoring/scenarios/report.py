"""The contest as a page: a table, what it was made with, and what the columns mean."""

import platform
from collections.abc import Iterator, Sequence
from importlib import metadata

from monitoring.scenarios.contest import RULES, Line
from monitoring.watched import Watched

COMMAND = "python -m monitoring.scenarios"
_PACKAGES = ("numpy", "scipy")
_MEANING = {
    "Puerta": "a verdict of any level, compared with the same part of the year (what alerts rest on). Below 1,000 rows"
    " the reports would say that there are too few instead",
    "Puerta, plain": "the same, compared with the whole year",
    "Evidently, default": "Jensen-Shannon distance of categories and normed Wasserstein distance of the probability, 0.1"
    " (Evidently 0.7.23, a reference of more than 1,000 rows)",
    "Evidently, PSI 0.1": "its stability index of categories",
    "Evidently, chi2": "its chi-squared test of categories, p < 0.05",
    "NannyML, default": "Jensen-Shannon distance with logarithms of 2, above the mean and three standard deviations of"
    " the reference's own chunks of as many rows, in random order, and of the rest, as it comes (NannyML 0.13.1); `-`"
    " where there are fewer than 6 of them",
    "NannyML, whole chunks": "the same without the rest, which is the smallest chunk and so the farthest off",
    "Vertex, 0.3": "largest difference of a category's share, and Jensen-Shannon divergence of the probability",
    "Vertex, 0.01": "the same with the thresholds of its documentation's example, 0.01 and 0.02",
}


def page(lines: Sequence[Line], windows: int, watched: Watched) -> str:
    """Markdown with a final newline."""
    return "\n".join(_page(lines, windows, watched)) + "\n"


def _page(lines: Sequence[Line], windows: int, watched: Watched) -> Iterator[str]:
    yield "# Who says drift, and when there is some"
    yield ""
    yield f"<!-- Made by `{COMMAND} --windows {windows}`. -->"
    yield ""
    yield f"Percent of {windows:,} windows in which each rule says that some column, or the columns jointly, drifted."
    yield f"They are drawn from what `{watched.name}` was trained on, {watched.reference.rows:,} real flights, as it is or"
    yield "changed as told, and every rule judges the same ones. **Bold** is wrong in more than 5 % of the windows, at 1,000"
    yield "rows or more."
    for drift, title in ((False, "Nothing to tell: 0 is right"), (True, "Drift: 100 is right")):
        yield from ("", f"## {title}", "")
        yield "| | rows | " + " | ".join(RULES) + " |"
        yield "|---|--:|" + "--:|" * len(RULES)
        before = ""
        for line in sorted((line for line in lines if line.drift is drift), key=lambda line: _place(lines, line)):
            name = line.scenario if line.scenario != before else ""
            before = line.scenario
            yield f"| {name} | {line.rows:,} | " + " | ".join(_cell(line, rule) for rule in RULES) + " |"
    yield from ("", "![The same as a plot](scenarios.png)", "", "## The rules", "")
    for rule in RULES:
        yield f"- {rule}: {_MEANING[rule]}."
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in _PACKAGES)
    yield ""
    yield "The windows come from the reference itself, which so has no noise of its own. That spares Evidently's chi2, which"
    yield "takes it for the truth: beside a reference that is a sample too, it says drift the more often the more rows there"
    yield "are. NannyML's chunks are spared the season."
    yield ""
    yield "Only Puerta's rules know the season and look at combinations. Evidently's formulas are held to Evidently itself by a"
    yield "test, NannyML's to [what it said itself](nannyml.json) of four windows, made by `scenarios/nannyml_program.py` in an"
    yield "environment of its own; Vertex AI's are written out after its documentation."
    yield ""
    yield f"Made by `{COMMAND} --windows {windows}` with Python {platform.python_version()}, {versions}."


def _place(lines: Sequence[Line], line: Line) -> tuple[int, int]:
    names = [other.scenario for other in lines]
    return names.index(line.scenario), line.rows


def _cell(line: Line, rule: str) -> str:
    share = line.found[rule]
    if share is None:
        return "-"
    text = f"{100 * share:.1f}".removesuffix(".0")
    wrong = 1 - share if line.drift else share
    return f"**{text}**" if wrong > 0.05 and line.rows >= 1000 else text  # noqa: PLR2004 - as the page says
