"""How a server is asked for predictions and how it answers: Puerta's own way, and that of other servers.

All carry the same flights; only the shape of the JSON differs.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from load_tests import bodies, servers
from load_tests.bodies import Instance
from load_tests.oracle import TOLERANCE, Oracle

Disagreement = Callable[[Oracle, Sequence[Instance], bytes], str | None]


@dataclass(frozen=True)
class Protocol:
    """One way to ask.

    ``path`` is where; ``encode`` writes a request of some instances; ``disagreement`` compares an answer with the
    model package and says what differs, or None.
    """

    name: str
    path: str
    encode: Callable[[Sequence[Instance]], bytes]
    disagreement: Disagreement


def probabilities(read: Callable[[Any], Any]) -> Disagreement:
    """Check an answer that tells probabilities; ``read`` takes them, one float for each instance, out of its JSON."""

    def disagreement(oracle: Oracle, instances: Sequence[Instance], answer: bytes) -> str | None:
        try:
            got = [float(value) for value in read(json.loads(answer))]
        except (ValueError, KeyError, TypeError, IndexError) as error:
            return f"the answer holds no probabilities ({type(error).__name__}: {error}): {answer[:200]!r}"
        wanted = oracle.predict(instances)
        if len(got) != len(wanted):
            return f"{len(got)} probabilities for {len(wanted)} instances"
        for row, want, probability in zip(instances, wanted, got, strict=True):
            if not abs(probability - want.probability) <= TOLERANCE:  # false for a NaN too
                return f"{row}: {probability}, expected {want.probability:.7f}"
        return None

    return disagreement


PUERTA = Protocol("Puerta", servers.PREDICT, bodies.encode, Oracle.disagreement)
PUERTA_ARRAYS = Protocol(
    "Puerta, arrays", servers.PREDICT, lambda rows: bodies.encode(rows, layout="array"), Oracle.disagreement
)


def _body(**fields: Any) -> bytes:
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()


def _values(rows: Sequence[Instance]) -> list[list[Any]]:
    return [list(row.values()) for row in rows]


def _positive(pairs: Any) -> list[Any]:
    """The probability of the second class, of pairs of both."""
    return [positive for _, positive in pairs]


RECORDS = Protocol(
    "objects", "/predict", lambda rows: _body(instances=list(rows)), probabilities(lambda said: said["probabilities"])
)
ARRAYS = Protocol(
    "arrays", "/predict", lambda rows: _body(instances=_values(rows)), probabilities(lambda said: said["probabilities"])
)
BENTOML = Protocol("BentoML", "/predict", lambda rows: _body(input_data=_values(rows)), probabilities(_positive))
LITSERVE = Protocol(
    "LitServe",
    "/predict",
    lambda rows: _body(input=_values(rows)),
    probabilities(lambda said: _positive(said["output"])),
)
RAY = Protocol(
    "Ray Serve's quickstart, one row",
    "/",
    lambda rows: _body(vector=_values(rows)[0]),
    probabilities(lambda said: _positive([said["result"]])),
)
MLFLOW = Protocol(
    "MLflow",
    "/invocations",
    lambda rows: _body(inputs=_values(rows)),
    probabilities(lambda said: _positive(said["predictions"])),
)


def _v2(rows: Sequence[Instance]) -> bytes:
    data = _values(rows)
    tensor = {
        "name": "predict",
        "shape": [len(data), len(data[0])],
        "datatype": "FP32",
        "data": [value for row in data for value in row],
    }
    return _body(inputs=[tensor], outputs=[{"name": "predict_proba"}])


# https://github.com/kserve/open-inference-protocol; `predict_proba` is an output of MLServer's scikit-learn runtime.
V2 = Protocol(
    "Open Inference Protocol v2",
    "/v2/models/flights/infer",
    _v2,
    probabilities(lambda said: said["outputs"][0]["data"][1::2]),
)
