"""A spec as its metrics are labelled on Cloud Run."""

from typing import Any

import msgspec

from slo.document import SpecError
from slo.spec import Spec


def placed(spec: Spec) -> Spec:
    """The spec with each match on ``job`` replaced by one on ``namespace``.

    The metrics sidecar of Cloud Run (run-gmp-sidecar) writes its own name, or its configuration's, as ``job``, and the
    name of the Cloud Run service as ``namespace``; the service has the name that the spec has as ``service``. Without
    any match, a name such as ``process_resident_memory_bytes`` would select every program of the project.

    Raises:
        SpecError: for a ``job`` that does not run there.
    """
    there: Spec = _placed(spec, spec)
    return there


def _placed(value: Any, spec: Spec) -> Any:
    if isinstance(value, msgspec.Struct):
        fields = {name: _placed(getattr(value, name), spec) for name in value.__struct_fields__}
        for part in ("match", "exclude"):
            if part in fields:
                fields[part] = dict(_label(name, wanted, spec) for name, wanted in fields[part].items())
        return msgspec.structs.replace(value, **fields)
    if isinstance(value, tuple):
        return tuple(_placed(item, spec) for item in value)
    return value


def _label(name: str, wanted: str, spec: Spec) -> tuple[str, str]:
    if name != "job":
        return name, wanted
    if wanted != "service":
        raise SpecError(f"{spec.name}: the job {wanted!r} came, expected service: the only one that runs on Cloud Run")
    return "namespace", spec.service
