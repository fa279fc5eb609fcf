"""The spec of one objective, as its file says it."""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Text = Annotated[str, Meta(min_length=1)]
Line = Annotated[str, Meta(min_length=1, pattern=r"^(?!.*\n)")]
Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
Metric = Annotated[str, Meta(pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]*$")]
Label = Annotated[str, Meta(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]
Matchers = dict[Label, Line]
Severity = Literal["page", "ticket"]
Window = Literal["30d", "28d", "month"]


class _Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Selector(_Struct, frozen=True, kw_only=True):
    """Series of one metric: those whose labels match every regular expression, and none of those to exclude."""

    metric: Metric
    match: Matchers = {}
    exclude: Matchers = {}


class Events(_Struct, frozen=True, kw_only=True):
    """A ratio of events: counters of all of them and of the bad ones, each added up over its selectors."""

    total: Annotated[tuple[Selector, ...], Meta(min_length=1)]
    bad: Annotated[tuple[Selector, ...], Meta(min_length=1)]


class Latency(_Struct, frozen=True, kw_only=True):
    """Events of a histogram that took longer than one of its bounds, in seconds."""

    histogram: Metric
    threshold: Annotated[Decimal, Meta(description="an upper bound of one of the histogram's buckets, in seconds")]
    match: Matchers = {}
    exclude: Matchers = {}

    @property
    def selector(self) -> Selector:
        """The histogram as a whole; Prometheus stores it under its name with ``_count``, ``_bucket`` and ``_sum``."""
        return Selector(metric=self.histogram, match=self.match, exclude=self.exclude)


class Slices(_Struct, frozen=True, kw_only=True):
    """Slices of time: at each evaluation every series is good, or bad where its value is above or below a limit.

    With ``age`` the value is a time in seconds since the epoch, and what is compared is how long ago it was. ``by`` puts
    series together: one slice for each value of these labels, bad where the worst of its series is. ``presence`` names
    what is there even where the metric itself may rightly be missing: without it, nothing is measured.
    """

    metric: Metric
    match: Matchers = {}
    above: Decimal | None = None
    below: Decimal | None = None
    age: bool = False
    by: tuple[Label, ...] = ()
    presence: Selector | None = None

    @property
    def selector(self) -> Selector:
        """The gauge."""
        return Selector(metric=self.metric, match=self.match)


class Composite(_Struct, frozen=True, kw_only=True):
    """A weighted mean of other objectives' error ratios."""

    weights: Annotated[dict[Name, Decimal], Meta(min_length=2)]

    def share(self, part: str) -> Decimal:
        """The weight of a part, of a sum of 1."""
        return self.weights[part] / sum(self.weights.values(), Decimal(0))


class Sli(_Struct, frozen=True, kw_only=True):
    """What is measured: exactly one kind."""

    events: Events | None = None
    latency: Latency | None = None
    slices: Slices | None = None
    composite: Composite | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that are there."""
        return tuple(name for name in self.__struct_fields__ if getattr(self, name) is not None)


class Alerting(_Struct, frozen=True, kw_only=True):
    """Who is told of a burning budget, from how many failures on, and in what words.

    ``min_failures`` are bad events (or slices) in the longer window: fewer alert nobody, however small the traffic.
    A composite has no events of its own, and none of this.
    """

    severities: tuple[Severity, ...] = ("page", "ticket")
    min_failures: Annotated[int, Meta(ge=1)] = 5
    text: Text


class Spec(_Struct, frozen=True, kw_only=True):
    """One objective. ``objective`` is in percent; ``window`` rolls, or is the calendar month.

    ``policy`` names what follows when its error budget gets short (``slo/budget-policies.yaml``).
    """

    name: Name
    title: Line
    description: Text
    owner: Text
    service: Text = "puerta"
    sli: Annotated[Sli, Meta(extra_json_schema={"minProperties": 1, "maxProperties": 1})]
    objective: Annotated[
        Decimal,
        Meta(
            description="percent, more than 0 and less than 100",
            extra_json_schema={"exclusiveMinimum": 0, "exclusiveMaximum": 100},
        ),
    ]
    window: Window = "30d"
    policy: Name = "release"
    alerting: Alerting
    runbook: Annotated[
        str, Meta(pattern=r"^[a-z0-9-]*$", description="a file's name without .md; the name's own if none")
    ] = ""

    @property
    def budget(self) -> Decimal:
        """The part of the events that may be bad: 0.0005 for 99.95 %."""
        return (100 - self.objective) / 100

    @property
    def ratio(self) -> Decimal:
        """The objective as a part of 1."""
        return self.objective / 100
