"""What an OpenSLO indicator measures, as the SLI of a spec: ratios of counters, a histogram's bucket, a gauge's limit."""

import msgspec

from slo.openslo import parsing
from slo.openslo.field import Field
from slo.spec import Events, Latency, Selector, Sli, Slices


def read_sli(indicator: Field, objective: Field, sources: dict[str, str], presence: Selector | None) -> Sli:
    """The SLI of an indicator's ``spec``, and of the one objective that it is held to.

    ``sources`` are the types of the data sources by name, ``presence`` is what only an annotation can say.

    Raises:
        SpecError: for what no spec can say, naming it.
    """
    indicator.only("description", "ratioMetric", "thresholdMetric")
    ratio, threshold = indicator.get("ratioMetric"), indicator.get("thresholdMetric")
    if (ratio is None) == (threshold is None):
        raise indicator.wrong("exactly one of ratioMetric and thresholdMetric")
    if ratio is not None:
        objective.only("displayName", "op", "target", "targetPercent")
        return _ratio(ratio, sources)
    objective.only("displayName", "op", "value", "target", "targetPercent")
    return Sli(slices=_slices(indicator.need("thresholdMetric"), objective, sources, presence))


def _ratio(ratio: Field, sources: dict[str, str]) -> Sli:
    ratio.only("counter", "good", "bad", "total")
    ratio.need("counter").one_of("true")
    total = parsing.read_counters(_query(ratio.need("total"), sources))
    good, bad = ratio.get("good"), ratio.get("bad")
    if (good is None) == (bad is None):
        raise ratio.wrong("exactly one of good and bad")
    if bad is not None:
        return Sli(events=Events(total=total, bad=parsing.read_counters(_query(bad, sources))))
    query = _query(ratio.need("good"), sources)
    within = parsing.read_counters(query)
    if len(within) == len(total) == 1 and "le" in within[0].match:
        return Sli(latency=_latency(within[0], total[0], query))
    return Sli(events=Events(total=total, bad=(_others(within, total, query),)))


def _latency(bucket: Selector, count: Selector, query: Field) -> Latency:
    histogram = count.metric.removesuffix("_count")
    rest = {name: value for name, value in bucket.match.items() if name != "le"}
    if (
        (count.metric, bucket.metric) != (f"{histogram}_count", f"{histogram}_bucket")
        or rest != count.match
        or bucket.exclude != count.exclude
    ):
        raise query.wrong(f"the same series as the total's, in a bucket of its histogram: {histogram}_bucket")
    threshold = parsing.bound(bucket, query)
    return Latency(histogram=histogram, threshold=threshold, match=count.match, exclude=count.exclude)


def _others(good: tuple[Selector, ...], total: tuple[Selector, ...], query: Field) -> Selector:
    """The bad events where the good ones are those of the total with one label matched more: all those without it."""
    every, some = total[0], good[0]
    match = dict(some.match.items() - every.match.items())
    exclude = dict(some.exclude.items() - every.exclude.items())
    if (
        len(good) + len(total) != 2  # noqa: PLR2004 - one each
        or some.metric != every.metric
        or len(match) + len(exclude) != 1
        or not (every.match.items() <= some.match.items() and every.exclude.items() <= some.exclude.items())
        or match.keys() & every.exclude.keys()
        or exclude.keys() & every.match.keys()
    ):
        raise query.wrong("the total's series with one label matched more, so that the others are bad; or bad itself")
    return Selector(metric=every.metric, match={**every.match, **exclude}, exclude={**every.exclude, **match})


def _slices(metric: Field, objective: Field, sources: dict[str, str], presence: Selector | None) -> Slices:
    metric.only("metricSource")
    query = _query(metric, sources)
    gauge = parsing.read_gauge(query)
    if gauge.selector.exclude:
        raise query.wrong("a gauge without != and !~, which slices have no place for")
    good = objective.need("op").one_of("lte", "gte")  # at the limit a slice is good: lt and gt say otherwise
    worst, limit = ("max", "above") if good == "lte" else ("min", "below")
    if gauge.worst not in {"", worst}:
        raise query.wrong(f"{worst}, as the worst of what has to be {good} its value")
    value = objective.need("value").number
    found = Slices(
        metric=gauge.selector.metric, match=gauge.selector.match, age=gauge.age, by=gauge.by, presence=presence
    )
    return msgspec.structs.replace(found, **{limit: value})


def _query(metric: Field, sources: dict[str, str]) -> Field:
    metric.only("metricSource")
    source = metric.need("metricSource")
    source.only("type", "metricSourceRef", "spec")
    kind, ref = source.get("type"), source.get("metricSourceRef")
    if kind is None and ref is None:
        raise source.wrong("a type, or a metricSourceRef to a DataSource in the same file")
    found = kind.text if kind is not None else sources.get(source.need("metricSourceRef").text, "")
    if found.lower() != "prometheus":
        raise (kind or source).wrong("a metric source of type Prometheus")
    spec = source.need("spec")
    spec.only("query")
    return spec.need("query")
