"""YAML with decimals as one writes them by hand, exactly."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import yaml

from slo.promql import plain


def _number(dumper: yaml.representer.BaseRepresenter, number: Decimal) -> yaml.Node:
    text = plain(number)
    return dumper.represent_scalar(f"tag:yaml.org,2002:{'float' if '.' in text else 'int'}", text)


class _Dumper(yaml.SafeDumper):
    yaml_representers = {**yaml.SafeDumper.yaml_representers, Decimal: _number}  # noqa: RUF012 - as the base class has it

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the base class's signature
        """Write everything where it belongs, however often."""
        return True


def dump(documents: Iterable[Any], *, explicit_start: bool = True) -> str:
    """Documents in the order of their fields, a query never broken over lines."""
    return yaml.dump_all(
        documents, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000, explicit_start=explicit_start
    )
