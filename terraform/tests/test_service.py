"""What Terraform's module of the service says of the service is so."""

import re
from pathlib import Path
from typing import Any, cast

import yaml

from service.admin import create_admin
from service.caller import CallerReader
from service.settings import describe, read_settings
from service.tests import dockerfile

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "terraform/modules/service"
MAIN = (MODULE / "main.tf").read_text()
VARIABLES = (MODULE / "variables.tf").read_text()
SETTINGS = dict(re.findall(r"^ +(PUERTA_[A-Z_]+) += (.+)$", MAIN, re.MULTILINE))


def local(name: str) -> str:
    """The value of a local of the module."""
    found = re.search(rf'^  {name} += "?([^" \n]+)', MAIN, re.MULTILINE)
    assert found, name
    return found[1]


def default(variable: str) -> str:
    """The default of a variable of the module."""
    found = re.search(rf'^variable "{variable}" {{.*?^  default += "?([^"\n]+)', VARIABLES, re.MULTILINE | re.DOTALL)
    assert found, variable
    return found[1]


def test_every_variable_that_it_names_is_a_setting_of_the_service() -> None:
    """One that is misspelt would change nothing, and nobody would be told."""
    known = {variable for variable, _, _ in describe()}
    named = set(re.findall(r"\bPUERTA_[A-Z_]*[A-Z]", "".join(path.read_text() for path in MODULE.rglob("*.*"))))
    assert set(SETTINGS) <= named <= known


def test_what_it_sets_itself_nobody_else_may() -> None:
    """Of two values the caller's would be lost without a word."""
    refused = re.search(r"keys\(var.environment\), \[(.*?)\]", VARIABLES, re.DOTALL)
    assert refused
    assert set(SETTINGS) <= set(re.findall(r'"(\w+)"', refused[1]))


def test_the_service_takes_the_settings_and_believes_no_caller() -> None:
    """Events and labels go to standard output; whatever a caller says of itself, its name is not in the log."""
    given = {name: text.strip('"') for name, text in SETTINGS.items() if text.startswith('"') and "$" not in text}
    settings = read_settings(given)
    assert (settings.host, settings.events_dir, settings.labels_dir) == ("0.0.0.0", "-", "-")  # noqa: S104 - as it says
    assert settings.drain_seconds + settings.grace_seconds < 10  # seconds from SIGTERM to SIGKILL
    forged = [(b"x-gateway-client", b"acme"), (b"x-gateway-token", settings.gateway_token.encode())]
    assert CallerReader(settings.gateway_token).read(forged).client is None


def test_ports_and_user_are_the_image_s() -> None:
    """Requests, probes and the metrics sidecar come to where the image listens; it may read what is mounted."""
    steps = {step.word: step.rest for step in dockerfile.read(ROOT / "service/Dockerfile")}
    assert steps["EXPOSE"].split() == [local("api_port"), local("metrics_port")]
    assert steps["USER"] == f"{local('user')}:{local('user')}"


def test_probes_ask_what_the_metrics_port_answers() -> None:
    """A path that is not there would end every instance."""
    probed = set(re.findall(r'path = "(/health/\w+)"', MAIN))
    served = {getattr(route, "path", None) for route in create_admin(cast("Any", None)).routes}
    assert probed == {"/health/ready", "/health/live"} <= served


def test_the_memory_is_twice_the_objective() -> None:
    """An instance is not killed for what the objective allows, nor for the files and caches beside it."""
    objective = yaml.safe_load((ROOT / "slo/specs/memory.yaml").read_text())["sli"]["slices"]["above"]
    assert int(default("memory").removesuffix("Mi")) * 2**20 >= 2 * objective
