"""The expressions that turn labelled predictions into rows that a model is trained on."""

from typing import Any, Final

import ibis

from model_files.manifest import Feature, Manifest
from monitoring.counting.coding import Categories, member
from monitoring.counting.store import naive
from monitoring.quality.labelled import newest

SPLIT: Final = "split"
_COUNTS_FILE: Final = "flight-counts.csv"
_HELD_OUT = "55"  # of the first two hexadecimal digits of a digest: a third


def is_counted(manifest: Manifest) -> bool:
    """Whether ``model_files train`` made the package, which reads flights as counts and not as rows."""
    return manifest.training_data.get("file") == _COUNTS_FILE and all(f.categories for f in manifest.features)


def labelled_rows(events: Any, labels: Any, manifest: Manifest, since: Any, until: Any) -> Any:
    """A row for every labelled prediction of a model, whichever version answered, with the newest label of its id.

    A value that can't be read as its feature's type is null, and so is a label that is none of the model's.

    Args:
        events: A table of the prediction log.
        labels: A table of ``LABEL_COLUMNS``.
        manifest: Of the version whose features and classes the rows are to have.
        since: Of predictions; None for all before ``until``.
        until: And before.

    Returns:
        A table of ``split``, every feature in order, and the target. The split follows from the prediction's id, so that
        a row stays on its side whenever the file is made again.
    """
    timed = events.mutate(at=events.ts.try_cast("timestamp"))
    own = timed.filter(timed.model == manifest.name, timed.at.notnull())
    own = own if since is None else own.filter(own.at >= naive(since))
    own = own if until is None else own.filter(own.at < naive(until))
    joined = own.inner_join(newest(labels), "id")
    return joined.select(
        joined.id.hexdigest("md5").substr(0, 2).__lt__(_HELD_OUT).ifelse("test", "train").name(SPLIT),
        *(_value(member(joined.features, f.name), f).name(f.name) for f in manifest.features),
        _truth(joined.text.cast("json"), manifest).name(manifest.target),
    )


def usable(rows: Any, manifest: Manifest) -> Any:
    """The rows that have their truth, and every feature that has to be there."""
    needed = [manifest.target, *(feature.name for feature in manifest.features if not feature.nullable)]
    return rows.filter(*(rows[name].notnull() for name in needed))


def counts(rows: Any, manifest: Manifest) -> Any:
    """The rows as counts: each combination of features and split once, how often it was, and with the second class."""
    counted = rows.mutate(flights=1, delayed=(rows[manifest.target] == manifest.classes[1]).cast("int64"))
    return summed(counted, manifest)


def summed(counted: Any, manifest: Manifest) -> Any:
    """Counts of which several are of the same combination, as one each."""
    names = [*(feature.name for feature in manifest.features), SPLIT]
    sums = {name: counted[name].sum().cast("int64") for name in ("flights", "delayed")}
    return counted.group_by(names).agg(**sums).select(*names, *sums).order_by(names)


def calendar(manifest: Manifest) -> list[str]:
    """The features that follow the calendar."""
    return [feature.name for feature in manifest.features if feature.calendar]


def still_needed(former: Any, rows: Any, manifest: Manifest, least: int) -> Any:
    """What a model was trained on before, without the parts of the calendar that ``least`` of the rows are of.

    July's flights of today take the place of July's flights of then, and do not mix with them: the next version is to
    be compared with what there is now.
    """
    names = calendar(manifest)
    counted = rows.group_by(names).agg(found=rows.count())
    return former.anti_join(counted.filter(counted.found >= least), names)


def _value(document: Any, feature: Feature) -> Any:
    if feature.type == "boolean":
        return document.unwrap_as("boolean")
    if feature.categories and isinstance(feature.categories[0], str):
        return document.unwrap_as("string")
    number = document.unwrap_as("float64")
    if feature.type == "number":
        return number
    return (number == number.floor()).ifelse(number, None).cast("int64")


def _truth(document: Any, manifest: Manifest) -> Any:
    if manifest.task == "regression":
        return document.unwrap_as("float64")
    code = Categories(manifest.classes).truth(document)
    kind = "string" if isinstance(manifest.classes[0], str) else "int64"
    return ibis.cases(
        *((code == place, ibis.literal(value, kind)) for place, value in enumerate(manifest.classes)),
        else_=ibis.null(kind),
    )
