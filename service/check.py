"""``python -m service check``: what is wrong with a set-up, all of it at once, in plain words, and what to do."""

import difflib
import errno
import logging
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple, TextIO
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from service.settings import PREFIX, Settings, SettingsError, describe, read_settings

_ALIKE: Final = 0.85  # difflib's ratio: MODEL_DIR is meant to be MODELS_DIR, GATEWAY_PORT is another program's
_OTHERS: Final = frozenset({"PUERTA_INSTANCES"})  # settings of other programs that look like ours: `python -m puerta`
_STANDARD_OUTPUT: Final = "-"
_PATIENCE: Final = 3.0  # seconds that the receiver of the traces may take
_CONTAINER_SECONDS: Final = 10.0  # from SIGTERM to SIGKILL on Cloud Run, and by default after `docker stop`
_CLOUD_RUN: Final = "K_SERVICE"  # set in every instance
_LOWEST_FREE_PORT: Final = 1024
_PROBE: Final = bytes(4096)


class Finding(NamedTuple):
    """Something wrong, and what to do about it. A warning keeps nothing from running."""

    what: str
    remedy: str
    warning: bool = False


def run(environment: Mapping[str, str], stdout: TextIO) -> int:
    """Check the set-up that an environment describes, and say what is wrong; 1 where something is, else 0."""
    findings = list(check(environment))
    for finding in findings:
        print(f"{'warning' if finding.warning else 'problem'}: {finding.what}\n     do: {finding.remedy}", file=stdout)
    problems = sum(not finding.warning for finding in findings)
    warnings = len(findings) - problems
    print(f"{_counted(problems, 'problem')}, {_counted(warnings, 'warning')}", file=stdout)
    return 1 if problems else 0


def check(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Everything that is wrong with a set-up. A setting that can't be read counts as not set for what follows."""
    settings, unreadable = readable(environment)
    yield from unreadable
    yield from misspelt(environment)
    yield from models(settings, environment)
    yield from ports(settings)
    yield from logs(settings)
    yield from traces(settings)
    yield from stopping(settings, environment)


def readable(environment: Mapping[str, str]) -> tuple[Settings, list[Finding]]:
    """The settings without those that can't be read, and what is wrong with those."""
    defaults = {variable: default for variable, default, _ in describe()}
    left = dict(environment)
    findings: list[Finding] = []
    while True:
        try:
            return read_settings(left), findings
        except SettingsError as error:
            culprit = _culprit(left, error)
            default = defaults.get(culprit)
            instead = f"unset it for {default}" if default else "unset it"
            findings.append(Finding(str(error), f"correct {culprit}, or {instead}"))
            del left[culprit]


def misspelt(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Variables that are no settings but look like one; other programs share the prefix, so a stranger is none."""
    ours = {variable.removeprefix(PREFIX): variable for variable, _, _ in describe()}
    for variable in sorted(environment):
        name = variable.upper().removeprefix(PREFIX)
        if not variable.upper().startswith(PREFIX) or variable in _OTHERS.union(ours.values()):
            continue
        for meant in difflib.get_close_matches(name, ours, n=1, cutoff=_ALIKE):
            yield Finding(f"{variable} is no setting, so it changes nothing", f"rename it to {ours[meant]}, if meant")


def models(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Packages that the service would refuse or overlook, and names that no package has."""
    from model_files.manifest import MANIFEST_FILE, MODEL_FILE
    from model_files.package import PackageError
    from service.metrics import Metrics
    from service.registry import Registry
    from service.storage import StorageError, models_folder

    logging.getLogger("puerta").addHandler(logging.NullHandler())  # what is refused is said below
    variable, unseen = f"{PREFIX}MODELS_DIR", dict(settings.unseen)
    try:
        folder = models_folder(settings.models_dir, environment)
        registry = Registry(folder, Metrics(), default="", unseen=unseen, max_instances=settings.max_instances)
        refused = registry.load().refused
    except (StorageError, PackageError) as error:
        yield Finding(f"{variable}: {error}", f"let {variable} name a folder of model packages")
        return
    for label, reason in refused.items():
        yield Finding(f"the model package {reason}", f"package it again, or take {folder / label} away")
    for path in sorted(folder.glob(f"*/*/{MODEL_FILE}")):
        if not path.with_name(MANIFEST_FILE).exists():
            what = f"the model package {path.parent} has no {MANIFEST_FILE}"
            yield Finding(what, "package it again, or take the folder away")
    served = sorted({model.name for model in registry})
    there = ", ".join(served) or "none"
    if not served:
        expected = f"<name>/<version>/{MANIFEST_FILE} below it"
        yield Finding(f"{variable}: no model to serve in {folder}", f"put a model package there: {expected}")
    if settings.default_model and settings.default_model not in served:
        what = f"{PREFIX}DEFAULT_MODEL is {settings.default_model!r}, and there is no such model"
        yield Finding(what, f"name one of those that there are ({there}), or unset it")
    for name in sorted(set(unseen) - set(served)):
        what = f"{PREFIX}UNSEEN names {name!r}, and there is no such model"
        yield Finding(what, f"name one of those that there are ({there})", warning=True)


def ports(settings: Settings) -> Iterator[Finding]:
    """Ports that can't be listened on."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    wanted = {f"{PREFIX}PORT": settings.port, f"{PREFIX}METRICS_PORT": settings.metrics_port}
    with ExitStack() as listening:
        for variable, port in wanted.items():
            try:
                listening.enter_context(socket.create_server((settings.host, port), family=family))
            except OSError as error:
                yield Finding(
                    f"{variable}: {settings.host}:{port} can't be listened on: {_reason(error)}",
                    _port_remedy(settings, variable, port, error),
                )


def logs(settings: Settings) -> Iterator[Finding]:
    """Log folders that can't be written, that are nearly full, or that are one and the same."""
    folders = {
        f"{PREFIX}EVENTS_DIR": settings.events_dir,
        f"{PREFIX}LABELS_DIR": settings.labels_dir,
    }
    for variable, location in folders.items():
        if location != _STANDARD_OUTPUT:
            yield from _log_folder(variable, Path(location).absolute(), settings.segment_bytes)
    events, labels = folders.values()
    if _STANDARD_OUTPUT not in {events, labels} and Path(events).resolve() == Path(labels).resolve():
        what = f"events and labels go to the same folder, {Path(events).resolve()}"
        yield Finding(what, f"give {PREFIX}LABELS_DIR a folder of its own")


def traces(settings: Settings) -> Iterator[Finding]:
    """A receiver of traces that takes none. It is sent an empty request, which OTLP allows."""
    endpoint, variable = settings.otlp_endpoint, f"{PREFIX}OTLP_ENDPOINT"
    if not endpoint:
        return
    remedy = "start the receiver, correct the address (mostly http://host:4318/v1/traces), or unset it for no traces"
    place = urlsplit(endpoint)
    if place.scheme not in {"http", "https"} or not place.netloc:
        yield Finding(f"{variable} is {endpoint!r}, which is no http address", remedy)
        return
    headers = {**dict(settings.otlp_headers), "content-type": "application/x-protobuf"}
    request = Request(endpoint, b"", headers)  # noqa: S310 - http, as just seen
    try:
        with urlopen(request, timeout=_PATIENCE):  # noqa: S310 - http, as just seen
            pass
    except HTTPError as error:
        with error:
            if error.code in {404, 405}:
                yield Finding(f"{variable}: {endpoint} answers {error.code}: it takes no traces at this path", remedy)
    except OSError as error:
        yield Finding(f"{variable}: {endpoint} can't be reached: {getattr(error, 'reason', error)}", remedy)


def stopping(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    """A stop that takes longer than a container is given; said where it runs in one, or the times are set."""
    names = f"{PREFIX}DRAIN_SECONDS", f"{PREFIX}GRACE_SECONDS"
    seconds, most = settings.drain_seconds + settings.grace_seconds, _CONTAINER_SECONDS
    if seconds > most and not environment.keys().isdisjoint({*names, _CLOUD_RUN}):
        what = f"{' and '.join(names)} are {seconds:g} s together, and Cloud Run kills {most:g} s after SIGTERM"
        remedy = f"keep their sum below {most:g} s where the service runs in a container"
        yield Finding(what, remedy, warning=True)


def _culprit(environment: Mapping[str, str], error: SettingsError) -> str:
    """The variable that an error is about: the one it names, or, where that keeps its default, the one against it."""
    named = str(error).split(maxsplit=1)[0]
    if named in environment:
        return named
    for variable in environment:
        try:
            read_settings({name: text for name, text in environment.items() if name != variable})
        except SettingsError:
            continue
        return variable
    raise error


def _port_remedy(settings: Settings, variable: str, port: int, error: OSError) -> str:
    if port and settings.port == settings.metrics_port:
        return f"give {PREFIX}PORT and {PREFIX}METRICS_PORT different ports"
    if error.errno == errno.EADDRINUSE:
        return f"stop what listens there (`ss -ltnp` names it), or choose another with {variable}"
    if error.errno == errno.EACCES and port < _LOWEST_FREE_PORT:
        return f"choose a port from {_LOWEST_FREE_PORT} on with {variable}"
    return f"let {PREFIX}HOST be an address of this machine: 127.0.0.1, or 0.0.0.0 for all of its own"


def _reason(error: OSError) -> str:
    """The system's words alone; a resolver's errors have numbers of their own, below zero."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror or error)


def _log_folder(variable: str, folder: Path, segment_bytes: int) -> Iterator[Finding]:
    """What keeps a log out of its folder; the service makes the folder itself, where it may."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    elsewhere = f"choose another folder with {variable}, or - for standard output"
    try:
        with tempfile.TemporaryFile(dir=there, buffering=0) as probe:
            probe.write(_PROBE)
            os.fsync(probe.fileno())
        free = shutil.disk_usage(there).free
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            yield Finding(f"{variable}: {folder} is on a full disk", f"make room, or {elsewhere}")
        else:
            what = f"{variable}: {folder} can't be written: {there}: {error.strerror}"
            yield Finding(what, f"let the service's user write there, or {elsewhere}")
        return
    if free < segment_bytes:
        what = (
            f"{variable}: {folder} has {free / 1e6:,.0f} MB left, less than one segment ({segment_bytes / 1e6:,.0f} MB)"
        )
        yield Finding(what, f"make room, or {elsewhere}", warning=True)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
