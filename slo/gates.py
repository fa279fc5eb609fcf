"""The objectives that a load test can judge, as JSON: requests and their latency, but no gauge and nothing that takes days.

``{"gates": [{"name", "title", "kind", "objective", "error_ratio"}, ...]}``: ``objective`` is in percent, an exact decimal
as text. ``error_ratio`` is PromQL of raw metrics in which ``$window`` stands for the length of the run, such as ``90s``;
its value is a part of 1, and nothing where there was no request. A run keeps an objective while
``error_ratio <= 1 - objective / 100``.
"""

import json
from collections.abc import Iterable

from slo.promql import bad, plain, total
from slo.rendering import MADE_BY_COMMAND
from slo.spec import Spec

WINDOW = "$window"


def gates(specs: Iterable[Spec]) -> str:
    """The JSON document."""
    judged = [spec for spec in specs if spec.sli.events is not None or spec.sli.latency is not None]
    found = [
        {
            "name": spec.name,
            "title": spec.title,
            "kind": spec.sli.kinds[0],
            "objective": plain(spec.objective),
            "error_ratio": f"({bad(spec, WINDOW)}) / (({total(spec, WINDOW)}) > 0)",
        }
        for spec in judged
    ]
    return json.dumps({"$comment": MADE_BY_COMMAND, "gates": found}, indent=2, ensure_ascii=False) + "\n"
