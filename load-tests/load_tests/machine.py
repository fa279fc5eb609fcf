"""What a result was measured on: machine, versions, date and command, without which a figure says little."""

import os
import platform
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

PACKAGES = (
    "fastapi",
    "granian",
    "httptools",
    "msgspec",
    "numpy",
    "onnxruntime",
    "opentelemetry-proto",
    "uvicorn",
    "uvloop",
)


def describe() -> dict[str, str]:
    """Name the machine and the versions, as a flat table."""
    versions = {name: _version(name) for name in PACKAGES}
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "command": command(sys.argv),
        "cpu": cpu_model(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}",
        "load average at the start": f"{os.getloadavg()[0]:.2f}",
        "python": platform.python_version(),
        "wrk": _wrk_version(),
        **versions,
    }


def command(arguments: list[str]) -> str:
    """The command as one types it, whatever the interpreter's path."""
    return shlex.join(["python", "-m", "load_tests", *arguments[1:]])


def cpu_model(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's own name, or the architecture where the system does not tell."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found.group(1).strip() if found else platform.machine()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _wrk_version() -> str:
    try:
        # wrk prints its version with its usage, and exits with 1.
        said = subprocess.run(["wrk", "--version"], capture_output=True, text=True, check=False)  # noqa: S607 - from the PATH, as it is run
    except FileNotFoundError:
        return "not installed"
    return (said.stdout + said.stderr).split("[")[0].removeprefix("wrk").strip() or "unknown"
