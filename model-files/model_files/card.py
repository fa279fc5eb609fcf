"""The model card: what the model is, what it is worth and where it fails, written from what was measured."""

from collections.abc import Sequence
from dataclasses import dataclass

from model_files.manifest import Feature, Manifest

CARD_FILE = "card.md"
_MOST_LISTED = 30  # categories in the table of features

_MEANING = {
    "accuracy": "share of right predictions",
    "balanced_accuracy": "mean over the classes of the share found",
    "precision": "true among those called",
    "recall": "found among the true",
    "roc_auc": "area under the ROC curve; 0.5 is chance",
    "average_precision": "area under the precision-recall curve",
    "log_loss": "mean negative log-likelihood; less is better",
    "brier": "mean squared error of the probability; less is better",
    "expected_calibration_error": "mean gap between probability and rate, over ten bins",
    "mean_cost": "mean cost a row at the threshold",
    "r2": "share of the variance explained",
    "mean_absolute_error": "in the target's unit",
    "root_mean_squared_error": "in the target's unit",
}


@dataclass(frozen=True)
class Figure:
    """A picture in the package: its file name, what it shows in words, and the PNG."""

    file: str
    words: str
    png: bytes


@dataclass(frozen=True)
class Chapter:
    """A part of the card: a heading, Markdown, and pictures below it."""

    title: str
    text: str
    figures: tuple[Figure, ...] = ()


def render(manifest: Manifest, chapters: tuple[Chapter, ...]) -> str:
    """Write a card as Markdown: what every model has from its manifest, then the chapters."""
    answer = {
        "probability": f"the probability of `{manifest.classes[-1] if manifest.classes else ''}`",
        "probabilities": f"a probability for each of {len(manifest.classes)} classes",
        "label_index": "one of " + ", ".join(f"`{label}`" for label in manifest.classes),
        "value": f"a number, `{manifest.target}`",
    }[manifest.output]
    facts = [
        f"# {manifest.name}, version {manifest.version}",
        manifest.description,
        f"A {manifest.task} model of `{manifest.target}`. From {len(manifest.features)} features it answers {answer}"
        + (f", and `{manifest.classes[1]}` from {manifest.threshold:g} on." if manifest.threshold is not None else "."),
        "## Features",
        table(("feature", "type", "values"), [(f"`{f.name}`", _kind(f), _values(f)) for f in manifest.features]),
        {
            "reject": "A value that is no category is refused.",
            "count": "A value that is no category is answered and counted; a calendar feature's is refused.",
        }[manifest.unseen]
        if manifest.categorical
        else "",
        "## Results",
        _measured_on(manifest),
        table(
            ("metric", "value", "what it is"),
            [(f"`{name}`", f"{value:.4f}", _MEANING.get(name, "")) for name, value in manifest.metrics.items()],
        ),
    ]
    if 0 < len(manifest.confusion_matrix) <= _MOST_LISTED:
        heads = ("true \\ predicted", *(f"`{label}`" for label in manifest.classes))
        rows = zip(manifest.classes, manifest.confusion_matrix, strict=True)
        facts.append(table(heads, [(f"`{label}`", *(f"{count:,}" for count in row)) for label, row in rows]))
    for chapter in chapters:
        facts += [f"## {chapter.title}", chapter.text]
        facts.append("\n".join(f"![{figure.words}]({figure.file})" for figure in chapter.figures))
    facts += [
        "## Made with",
        "\n".join(
            [
                *(f"- {name.replace('_', ' ')}: {_plain(value)}" for name, value in manifest.training_data.items()),
                "- " + ", ".join(f"{name} {version}" for name, version in manifest.libraries.items()),
                f"- the ONNX graph's answers differ from scikit-learn's by at most {manifest.onnx_max_difference:.1e}",
            ]
        ),
    ]
    return "\n\n".join(fact for fact in facts if fact) + "\n"


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table; columns after the first are aligned right where every cell starts like a number."""
    numeric = [all(row[i][:1] in "0123456789-+" for row in rows) for i in range(len(heads))]
    rule = ("---" if not number or i == 0 else "--:" for i, number in enumerate(numeric))
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [heads, tuple(rule), *rows])


def _measured_on(manifest: Manifest) -> str:
    rows, tested = manifest.training_data["rows"], manifest.training_data["held_out_rows"]
    if tested:
        return f"Measured on {tested:,} rows that the model was not fitted on."
    return f"Measured on the {rows:,} rows that the model was fitted on, for none were held out: new ones fare worse."


def _kind(feature: Feature) -> str:
    follows = f", the {feature.calendar}" if feature.calendar else ""
    return feature.type + follows + (", may be missing" if feature.nullable else "")


def _values(feature: Feature) -> str:
    if feature.categories:
        shown = [str(category) for category in feature.categories[:_MOST_LISTED]]
        more = len(feature.categories) - len(shown)
        return ", ".join(shown) + (f" and {more} more" if more else "")
    if feature.range:
        return f"{feature.range[0]:g} to {feature.range[1]:g}"
    return "true, false" if feature.type == "boolean" else "any"


def _plain(value: str | int) -> str:
    return f"{value:,}" if isinstance(value, int) else f"`{value}`"
