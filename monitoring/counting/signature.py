"""What was counted, as a text: the same counts, the same text, whichever files, order or engine they came from."""

import hashlib
from collections import defaultdict
from datetime import datetime
from typing import Any, Final

from monitoring.counting.store import Store, naive
from monitoring.watched import Watched

_OF: Final = ("model", "version", "hour")
# How sums are told. A float depends on the order of adding in its last digits: a probability has six decimals in the log,
# so has a sum of them; errors are told to nine digits. Squares say nothing that these don't.
_FORMS: Final = {"rows": "%d", "probability_sum": "%.6f", "error_sum": "%.9g"}


class Signatures:
    """Digests of counts, made once for every model and hour, so that any window's is quick to tell."""

    def __init__(self, store: Store, *tables: Any) -> None:
        """``tables`` are those of a ``Counted``, which are read once, here."""
        self._hours: defaultdict[tuple[str, str], dict[datetime, list[str]]] = defaultdict(dict)
        for place, table in enumerate(tables):
            for model, version, hour, digest in store.sql(_digests(table)):
                self._hours[model, version].setdefault(hour, []).append(f"{place}:{digest}")

    def of(self, watched: Watched, since: datetime, until: datetime) -> str:
        """A digest of what one model was asked and answered in these hours, and of the labels of that."""
        begin, end = naive(since), naive(until)
        hours = self._hours[watched.name, watched.version]
        lines = (f"{hour} {' '.join(hours[hour])}\n" for hour in sorted(hours) if begin <= hour < end)
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def _digests(table: Any) -> str:
    """SQL for a digest of each hour: its rows, added up where they are in parts, as texts whose MD5 are XORed.

    MD5 is for being the same in every version of DuckDB, XOR for depending on no order.
    """
    kinds = {name: str(kind) for name, kind in table.schema().items()}
    keys = [name for name, kind in kinds.items() if kind != "float64" and name != "rows"]
    parts = [f"coalesce(CAST({name} AS VARCHAR), '')" for name in keys if name not in _OF]
    parts += [f"printf('{form}', sum({name}))" for name, form in _FORMS.items() if name in kinds]
    grouped = (
        f"SELECT {', '.join(_OF)}, md5_number(concat_ws('|', {', '.join(parts)})) AS digest "  # noqa: S608 - our names
        f"FROM {table.get_name()} GROUP BY {', '.join(keys)}"
    )
    return f"SELECT {', '.join(_OF)}, CAST(bit_xor(digest) AS VARCHAR) FROM ({grouped}) GROUP BY {', '.join(_OF)}"  # noqa: S608
