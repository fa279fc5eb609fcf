"""An image made by following its Dockerfile, and its program run as its user, where there is no Docker."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from service.tests import dockerfile

ROOT = Path(__file__).parents[2]
PATIENCE = 60  # seconds; only a container that hangs takes them


class Container(NamedTuple):
    """A program of an image that runs: its process, and what it has written so far."""

    process: subprocess.Popen[bytes]
    output: Path

    def stop(self) -> int:
        """Send SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


class Image:
    """An image, made by following its Dockerfile."""

    def __init__(self, path: Path, folder: Path, arguments: Mapping[str, str]) -> None:
        """``folder`` is one that the image's user can enter; ``arguments`` are those of the build."""
        self._folder = folder
        self.stage = dockerfile.follow(path, ROOT, folder, arguments)

    def files(self) -> set[str]:
        """Every file of the image but for its state, which is a volume."""
        root = self.stage.root
        return {path.relative_to(root).as_posix() for part in ("app", "opt") for path in (root / part).rglob("*")}

    def scratch(self) -> Path:
        """A folder that the container may write to."""
        folder = Path(tempfile.mkdtemp(dir=self._folder, prefix="scratch-"))
        folder.chmod(0o777)
        return folder

    @contextmanager
    def run(self, *arguments: str, **environment: str) -> Iterator[Container]:
        """Start the image's program, as the image's user where the tests may; with other arguments than its own."""
        words = arguments or json.loads(self.stage.settings.get("CMD", "[]"))
        command = [*json.loads(self.stage.settings["ENTRYPOINT"]), *words]
        descriptor, name = tempfile.mkstemp(dir=self._folder, prefix="output-")
        user, group = map(int, self.stage.settings["USER"].split(":"))
        somebody: dict[str, Any] = {}
        if dockerfile.runs_as(user, self.stage.here("/opt/venv/bin/python")):
            os.fchown(descriptor, user, group)  # as container runtimes do with standard output
            somebody = {"user": user, "group": group, "extra_groups": []}
        with open(descriptor, "wb") as output:  # noqa: PTH123 - a descriptor
            process = subprocess.Popen(
                [self.stage.here(word) for word in command],
                cwd=self.stage.path("."),
                env={**self.stage.environment, **environment},
                stdout=output,
                **somebody,
            )
        try:
            yield Container(process, Path(name))
        finally:
            process.kill()
            process.wait()

    def healthy(self, **environment: str) -> bool:
        """What the image's HEALTHCHECK says."""
        command = json.loads(self.stage.settings["HEALTHCHECK"].partition(" CMD ")[2])
        done = subprocess.run(
            command, env={**self.stage.environment, **environment}, stderr=subprocess.DEVNULL, check=False
        )
        return done.returncode == 0

    def await_health(self, container: Container, **environment: str) -> None:
        """Wait until the container is healthy."""
        until = time.monotonic() + PATIENCE
        while not self.healthy(**environment):
            if container.process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"the container is not healthy\n{container.output.read_text()}")
            time.sleep(0.1)


class Builder:
    """Makes images, each once, in folders that their users can enter, and has them cleared away."""

    def __init__(self, stack: ExitStack) -> None:
        """``stack`` is what clears them away."""
        self._stack = stack
        self._made: dict[object, Image] = {}

    def __call__(self, path: Path, **arguments: str) -> Image:
        """The image of a Dockerfile, with arguments of its build."""
        key = path, *arguments.items()
        if key not in self._made:
            folder = Path(tempfile.mkdtemp(prefix="puerta-image-"))
            self._stack.callback(shutil.rmtree, folder)
            folder.chmod(0o755)
            self._made[key] = Image(path, folder, arguments)
        return self._made[key]


_BUILDER = pytest.StashKey[Builder]()


def builder(config: pytest.Config) -> Builder:
    """The session's own: an image that two modules ask for is made once. They are cleared away at its end."""
    if _BUILDER not in config.stash:
        stack = ExitStack()
        config.add_cleanup(stack.close)
        config.stash[_BUILDER] = Builder(stack)
    return config.stash[_BUILDER]


def ask(
    port: int, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
) -> tuple[int, Any]:
    """The status and the decoded body of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, {"content-type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def scrape(port: int) -> str:
    """What a metrics port says; nothing before it is there."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as answer:
            return str(answer.read(), "utf-8")
    except URLError:
        return ""
