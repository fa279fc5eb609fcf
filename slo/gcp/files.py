"""The JSON files for Terraform, with exact numbers."""

from collections.abc import Sequence
from typing import Any

import msgspec

from slo.burn import Windows
from slo.gcp.objectives import objectives
from slo.gcp.policies import policies
from slo.rendering import MADE_BY_COMMAND
from slo.spec import Spec


def files(specs: Sequence[Spec], windows: Windows) -> dict[str, str]:
    """The text of each file by its name."""
    return {
        "alert-policies.json": _text({"alert_policies": policies(specs, windows)}),
        "slos.json": _text(objectives(specs)),
    }


def _text(content: dict[str, Any]) -> str:
    encoder = msgspec.json.Encoder(decimal_format="number")
    return msgspec.json.format(encoder.encode({"made_by": MADE_BY_COMMAND, **content}), indent=2).decode() + "\n"
