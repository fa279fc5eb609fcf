"""Speaks Terraform's plugin protocol on a socket, with the interpreter of ``tools.txt``: only what a plan needs.

Its arguments are the folder whose HCL it serves, the folder of schemas, and for each provider NAME=SOCKET. It ends
when its standard input does, so that it outlives nobody who started it.
"""

# ruff: noqa: D102, N802 - the methods are the protocol's, and so are their names

import json
import re
import sys
from concurrent import futures
from functools import cache, partial
from pathlib import Path
from typing import Any

import grpc
import msgpack
from tf.gen import tfplugin_pb2 as pb
from tf.gen import tfplugin_pb2_grpc as rpc

from terraform.provider.extraction import Json, Kind
from terraform.provider.planning import planned
from terraform.provider.rules import SENSITIVE, Problem, rules
from terraform.provider.store import Store
from terraform.provider.validation import problems
from terraform.provider.values import Unknown, Value

_NAMED = re.compile(r'"(google_\w+)"')
_NESTING = {"single": "SINGLE", "list": "LIST", "set": "SET", "map": "MAP"}
_WRITE_ONLY = b"\x58\x01"  # field 11, true: newer than the library's copy of the protocol
_NO_CLOUD = "The stand-in for the provider knows its schema and has no cloud: it {}."


class Provider(rpc.ProviderServicer):  # type: ignore[misc]
    """One provider: of its resources, those that the HCL names."""

    def __init__(self, name: str, tree: Path, store: Store) -> None:
        self._name = name
        self._tree = tree
        self._get = cache(partial(store.get, name))  # asked for again with every resource and every run of a test

    def GetMetadata(self, _request: Any, _context: Any) -> Any:
        return pb.GetMetadata.Response(server_capabilities=self._capabilities())

    def GetProviderSchema(self, _request: Any, _context: Any) -> Any:
        return pb.GetProviderSchema.Response(
            provider=self._schema("provider", self._name),
            resource_schemas={name: it for name in self._named() if (it := self._schema("resource", name))},
            data_source_schemas={name: it for name in self._named() if (it := self._schema("data", name))},
            server_capabilities=self._capabilities(),
        )

    def ValidateProviderConfig(self, request: Any, _context: Any) -> Any:
        found = self._problems("provider", self._name, request.config)
        return pb.ValidateProviderConfig.Response(diagnostics=found)

    def ValidateResourceConfig(self, request: Any, _context: Any) -> Any:
        found = self._problems("resource", request.type_name, request.config)
        return pb.ValidateResourceConfig.Response(diagnostics=found)

    def ValidateDataResourceConfig(self, request: Any, _context: Any) -> Any:
        found = self._problems("data", request.type_name, request.config)
        return pb.ValidateDataResourceConfig.Response(diagnostics=found)

    def ConfigureProvider(self, _request: Any, _context: Any) -> Any:
        return pb.ConfigureProvider.Response()

    def UpgradeResourceState(self, request: Any, _context: Any) -> Any:
        return pb.UpgradeResourceState.Response(upgraded_state=_packed(json.loads(request.raw_state.json)))

    def ReadResource(self, request: Any, _context: Any) -> Any:
        return pb.ReadResource.Response(new_state=request.current_state)

    def PlanResourceChange(self, request: Any, _context: Any) -> Any:
        proposed = _unpacked(request.proposed_new_state)
        if proposed is not None and _unpacked(request.prior_state) is None:
            schema = self._get("resource", request.type_name) or {}
            proposed = planned(schema["block"], proposed)
        # the real provider has the same licence: it is of the older kind that may plan defaults
        return pb.PlanResourceChange.Response(planned_state=_packed(proposed), legacy_type_system=True)

    def ApplyResourceChange(self, request: Any, _context: Any) -> Any:
        return pb.ApplyResourceChange.Response(
            new_state=request.prior_state, diagnostics=[_diagnostic(Problem((), _NO_CLOUD.format("applies nothing")))]
        )

    def ReadDataSource(self, request: Any, _context: Any) -> Any:
        refused = Problem(
            (), _NO_CLOUD.format(f"can't read {request.type_name}; take a variable, or mock it in a test")
        )
        return pb.ReadDataSource.Response(diagnostics=[_diagnostic(refused)])

    def GetFunctions(self, _request: Any, _context: Any) -> Any:
        return pb.GetFunctions.Response()

    def StopProvider(self, _request: Any, _context: Any) -> Any:
        return pb.StopProvider.Response()

    def _named(self) -> list[str]:
        files = [path for kind in ("*.tf", "*.tftest.hcl") for path in self._tree.rglob(kind)]
        return sorted({name for path in files for name in _NAMED.findall(path.read_text(encoding="utf-8"))})

    def _schema(self, kind: Kind, name: str) -> Any:
        found = self._get(kind, name)
        if found is None:
            return None
        block = _block(found["block"], SENSITIVE.get(name, frozenset()) if kind == "resource" else frozenset(), "")
        return pb.Schema(version=found["version"], block=block)

    def _problems(self, kind: Kind, name: str, config: Any) -> list[Any]:
        schema = self._get(kind, name)
        if schema is None:
            return [_diagnostic(Problem((), f"{self._name} has no {kind} {name}"))]
        found = problems(schema["block"], _unpacked(config), rules(name) if kind == "resource" else ())
        return [_diagnostic(each) for each in found]

    @staticmethod
    def _capabilities() -> Any:
        return pb.ServerCapabilities(get_provider_schema_optional=True)


def _block(block: Json, sensitive: frozenset[str], at: str) -> Any:
    attributes = []
    for name, it in block["attributes"].items():
        flags = {key: it[key] for key in ("required", "optional", "computed") if key in it}
        attribute = pb.Schema.Attribute(
            name=name, type=json.dumps(it["type"]).encode(), sensitive=at + name in sensitive, **flags
        )
        if it.get("write_only"):
            attribute.MergeFromString(_WRITE_ONLY)
        attributes.append(attribute)
    blocks = [
        pb.Schema.NestedBlock(
            type_name=name,
            nesting=getattr(pb.Schema.NestedBlock, _NESTING[it["nesting_mode"]]),
            min_items=it.get("min_items", 0),
            max_items=it.get("max_items", 0),
            block=_block(it["block"], sensitive, f"{at}{name}."),
        )
        for name, it in block.get("block_types", {}).items()
    ]
    return pb.Schema.Block(version=0, attributes=attributes, block_types=blocks)


def _diagnostic(problem: Problem) -> Any:
    # the argument alone: Terraform finds its line, and in a set nothing has a number
    steps = [pb.AttributePath.Step(attribute_name=str(step)) for step in problem.path[:1]]
    where = ".".join(str(step) for step in problem.path)
    return pb.Diagnostic(
        severity=pb.Diagnostic.ERROR,
        summary=f"{where}: {problem.message}" if where else problem.message,
        attribute=pb.AttributePath(steps=steps),
    )


def _unpacked(value: Any) -> Value:
    if value.json:
        return json.loads(value.json)
    return msgpack.unpackb(value.msgpack, ext_hook=Unknown, strict_map_key=False) if value.msgpack else None


def _packed(value: Value) -> Any:
    return pb.DynamicValue(msgpack=msgpack.packb(value, default=lambda it: msgpack.ExtType(it.code, it.data)))


def main(arguments: list[str]) -> int:
    """Serve until standard input ends."""
    tree, schemas, *providers = arguments
    servers = []
    for provider in providers:
        name, _, socket = provider.partition("=")
        server = grpc.server(
            futures.ThreadPoolExecutor(max_workers=10), options=[("grpc.max_receive_message_length", -1)]
        )
        rpc.add_ProviderServicer_to_server(Provider(name, Path(tree), Store(Path(schemas))), server)
        server.add_insecure_port(f"unix:{socket}")
        server.start()
        servers.append(server)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()
    for server in servers:
        server.stop(grace=None)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
