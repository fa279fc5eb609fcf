"""What makes a policy one that no gateway could enforce as written, whatever the day and whatever the service."""

import ipaddress
import re
from collections.abc import Iterator

from gateway_config.policy.model import Client, Environment, Network, Operation, Policy, Tls

Problem = tuple[str, str]  # the field, and what is wrong with it

_SEGMENT = re.compile(r"[A-Za-z0-9._~-]+|\{[a-z][a-z0-9_]*\}")
_MODEL = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"
)  # goes into a script and into expressions: nothing that breaks out
_ADDRESS = re.compile(r"(?P<host>[0-9.]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})")
_URL = re.compile(r"https://[A-Za-z0-9.-]+(:\d{1,5})?")
_VARIABLE = re.compile(r"\$\{[a-z][a-z0-9_]*\}")  # of Terraform's, which fills it in
_ORIGIN = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(:\d{1,5})?")


def problems(policy: Policy) -> Iterator[Problem]:
    """Every contradiction and every value that can't be used."""
    if not policy.operations:
        yield "operations", "none is there, so that nobody could ask for anything"
    yield from _path_problems(policy.operations)
    for name, client in policy.clients.items():
        yield from _client_problems(f"clients.{name}", client, policy.operations)
    yield from _key_problems(policy.clients)
    if "local" not in policy.environments:
        yield "environments", "local is missing"
    for name, environment in policy.environments.items():
        yield from _environment_problems(name, environment)


def is_variable(backend: str) -> bool:
    """Whether a backend is a variable of Terraform's, such as ``${backend_url}``, and no address yet."""
    return _VARIABLE.fullmatch(backend) is not None


def _path_problems(operations: dict[str, Operation]) -> Iterator[Problem]:
    seen: dict[str, Operation] = {}
    for name, operation in operations.items():
        where, path = f"operations.{name}.path", operation.path
        if path != "/" and not (path[:1] == "/" and all(map(_SEGMENT.fullmatch, path[1:].split("/")))):
            yield where, f"{path!r}, expected / or /segments, each plain text or one {{parameter}}"
            continue
        for other_name, other in seen.items():
            if operation.shape != other.shape:
                if _ambiguous(operation.shape, other.shape):
                    yield where, f"{path} overlaps {other_name}'s {other.path}, and neither is the narrower one"
            elif operation.method == other.method:
                yield where, f"{operation.method} {path} is {other_name} already"
            elif path != other.path:
                yield where, f"{path} names its parameters otherwise than {other_name}'s {other.path}"
        seen[name] = operation


def _ambiguous(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two paths with parameters overlap; a path without one is matched first, so it never does."""
    if len(one) != len(other) or "{}" not in one or "{}" not in other:
        return False
    return all(a == b or "{}" in (a, b) for a, b in zip(one, other, strict=True))


def _client_problems(where: str, client: Client, operations: dict[str, Operation]) -> Iterator[Problem]:
    if client.cidrs != "any":
        yield from _network_problems(f"{where}.cidrs", client.cidrs)
    if client.operations != "all":
        yield from _grant_problems(f"{where}.operations", client.operations, operations)
    if client.models != "all":
        for index, model in enumerate(client.models):
            if not _MODEL.fullmatch(model):
                yield f"{where}.models[{index}]", f"{model!r}, expected a name that matches {_MODEL.pattern}"
            if model in client.models[:index]:
                yield f"{where}.models[{index}]", f"{model!r} is there twice"


def _network_problems(where: str, cidrs: tuple[str, ...]) -> Iterator[Problem]:
    earlier: list[Network] = []
    for index, cidr in enumerate(cidrs):
        try:
            network = ipaddress.ip_network(cidr)
        except ValueError as error:
            yield f"{where}[{index}]", f"{error}, expected a network such as 203.0.113.0/24 or 2001:db8::/32"
            continue
        if network.prefixlen == 0:
            yield f"{where}[{index}]", f"{cidr} is every address; if that is meant, say `cidrs: any`"
        for other in earlier:
            if other.version == network.version and other.overlaps(network):
                yield f"{where}[{index}]", f"{cidr} overlaps {other}"
        earlier.append(network)


def _grant_problems(where: str, granted: tuple[str, ...], operations: dict[str, Operation]) -> Iterator[Problem]:
    for index, name in enumerate(granted):
        if name not in operations:
            yield f"{where}[{index}]", f"{name!r} is no operation of this policy"
        elif not operations[name].keyed:
            yield f"{where}[{index}]", f"{name!r} is public: everybody has it"
        elif name in granted[:index]:
            yield f"{where}[{index}]", f"{name!r} is there twice"


def _key_problems(clients: dict[str, Client]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for name, client in clients.items():
        for index, key in enumerate(client.keys):
            where = f"clients.{name}.keys[{index}]"
            if (key.sha256 is None) == (key.hmac_sha256 is None):
                came = "neither" if key.sha256 is None else "both"
                yield where, f"{came} came, expected either sha256 or hmac_sha256"
            for digest in filter(None, (key.sha256, key.hmac_sha256)):
                if digest in seen:
                    yield where, f"the same key as {seen[digest]}: nobody could tell whose it is"
                seen.setdefault(digest, where)
            if key.created is not None and key.expires is not None and key.expires <= key.created:
                yield f"{where}.expires", f"{key.expires}, expected a day after it was created, {key.created}"


def _environment_problems(name: str, environment: Environment) -> Iterator[Problem]:
    where = f"environments.{name}"
    managed = name == "gcp"
    expected = "https://host, or a variable of Terraform's such as ${backend_url}" if managed else "address:port"
    for index, backend in enumerate(environment.backends):
        if not (_is_url(backend) if managed else _is_address(backend)):
            yield f"{where}.backends[{index}]", f"{backend!r}, expected {expected}"
        elif backend in environment.backends[:index]:
            yield f"{where}.backends[{index}]", f"{backend} is there twice"
    if managed and len(environment.backends) > 1:
        yield f"{where}.backends[1]", "a managed gateway has one backend, which is Cloud Run's to multiply"
    for index, origin in enumerate(environment.cors_origins):
        if origin != "*" and not _ORIGIN.fullmatch(origin):
            yield f"{where}.cors_origins[{index}]", f"{origin!r}, expected an origin such as https://example.com"
        elif origin in environment.cors_origins[:index]:
            yield f"{where}.cors_origins[{index}]", f"{origin} is there twice"
    if environment.tls is not None:
        yield from _tls_problems(f"{where}.tls", environment.tls)


def _tls_problems(where: str, tls: Tls) -> Iterator[Problem]:
    own = bool(tls.certificate or tls.private_key)
    if own and tls.generated:
        yield f"{where}.generated", "a certificate is named as well; expected one or the other"
    elif own and not (tls.certificate and tls.private_key):
        came = "certificate" if tls.certificate else "private_key"
        yield f"{where}.{came}", "it came alone, expected both certificate and private_key"
    elif not own and not tls.generated:
        yield where, "expected certificate and private_key, or generated: true"


def _is_url(text: str) -> bool:
    return is_variable(text) or _URL.fullmatch(text) is not None


def _is_address(text: str) -> bool:
    match = _ADDRESS.fullmatch(text)
    if match is None or not 0 < int(match["port"]) < 65536:  # noqa: PLR2004 - a port has sixteen bits
        return False
    try:
        ipaddress.ip_address(match["host"].strip("[]"))
    except ValueError:
        return False
    return True
