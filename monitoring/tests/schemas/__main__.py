"""``python -m monitoring.tests.schemas``: makes the schemas beside it from two packages, in any environment that has them.

``pip install kubernetes-validate google-api-python-client`` (220 MB) has the schemas of every Kubernetes and Google's
discovery documents; what is taken of them is small, so it is committed, and the tests need neither.
"""

import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
KUBERNETES = "1.31"  # the first that has all that the manifests use without a feature gate
KINDS = ("batch.v1.CronJob", "apps.v1.Deployment", "core.v1.Service", "core.v1.PersistentVolumeClaim")


def main() -> None:
    """Write both files."""
    path = _folder("kubernetes_validate") / f"kubernetes-json-schema/v{KUBERNETES}.0-local-strict/_definitions.json"
    definitions = json.loads(path.read_text())["$defs"]
    names = [f"io.k8s.api.{kind}" for kind in KINDS]
    _write(f"kubernetes-{KUBERNETES}.json", {"source": f"Kubernetes {KUBERNETES}"}, definitions, names)
    document = json.loads((_folder("googleapiclient") / "discovery_cache/documents/run.v1.json").read_text())
    source = {"source": f"run.v1, revision {document['revision']}", "annotations": _annotations(document["schemas"])}
    _write("cloud-run-v1.json", source, {name: _strict(each) for name, each in document["schemas"].items()}, ["Job"])


def _folder(package: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise SystemExit(f"{package} is not installed")
    return Path(found.origin).parent


def _write(name: str, head: dict[str, Any], definitions: dict[str, Any], roots: list[str]) -> None:
    """A file with some definitions and all that they refer to, without the prose."""
    found: dict[str, Any] = {}
    wanted = list(roots)
    while wanted:
        each = wanted.pop()
        if each not in found:
            found[each] = _bare(definitions[each])
            wanted += _references(found[each])
    document = {"made by": "python -m monitoring.tests.schemas", **head, "definitions": dict(sorted(found.items()))}
    (FOLDER / name).write_text(json.dumps(document, separators=(",", ":")).replace('},"', '},\n"') + "\n")


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].rpartition("/")[2]
        for each in node.values():
            yield from _references(each)
    elif isinstance(node, list):
        for each in node:
            yield from _references(each)


def _bare(node: Any, *, names: bool = False) -> Any:
    """Without descriptions and vendors' extensions; a property may be called that too. References lead into this file."""
    if isinstance(node, list):
        return [_bare(each) for each in node]
    if not isinstance(node, dict):
        return node
    kept = {key: each for key, each in node.items() if names or (key != "description" and not key.startswith("x-"))}
    bare = {key: _bare(each, names=key == "properties" and not names) for key, each in kept.items()}
    if isinstance(bare.get("$ref"), str) and not names:
        bare["$ref"] = "#/definitions/" + bare["$ref"].rpartition("/")[2]
    return bare


def _strict(node: Any) -> Any:
    """A discovery document's schema as JSON Schema: nothing but what is named, and a 64-bit number as text or number."""
    if node.get("format") == "int64" and node.get("type") == "string":
        return {"type": ["string", "integer"]}
    told = {key: node[key] for key in ("type", "$ref", "enum") if key in node}
    if "items" in node:
        told["items"] = _strict(node["items"])
    if "properties" in node:
        told["properties"] = {name: _strict(each) for name, each in node["properties"].items()}
        told["additionalProperties"] = False
    elif "additionalProperties" in node:
        told["additionalProperties"] = _strict(node["additionalProperties"])
    return told


def _annotations(schemas: dict[str, Any]) -> dict[str, list[str]]:
    """Which annotation is taken at which resources; only the prose says it."""
    prose = schemas["ObjectMeta"]["properties"]["annotations"]["description"]
    return {name: re.findall(r"\w+", places) for name, places in re.findall(r"\* `([^`]+)`: ([^.*]+)", prose)}


if __name__ == "__main__":
    main()
