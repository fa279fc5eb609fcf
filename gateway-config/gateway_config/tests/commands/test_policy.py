"""``check`` and ``render``: what they print, where, and how they fail."""

import datetime as dt
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway_config.__main__ import run
from gateway_config.commands.policy import run_check
from gateway_config.keys.store import KeyStore
from gateway_config.policy.reading import PolicyError
from gateway_config.settings import Settings
from gateway_config.tests.contracts import DOCUMENT, policy_data

ACCEPTS = dict.fromkeys(("max_body_bytes", "rate", "burst"), "it will do")
GOOD = {"environments__gcp__accepts": ACCEPTS}

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Runs a command on the small service's policy in ``tmp_path``: exit code, output, errors."""

    def call(*arguments: str) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        environment = {
            "PUERTA_GATEWAY_POLICY": str(tmp_path / "policy.yaml"),
            "PUERTA_STATE_DIR": str(tmp_path / "state"),
        }
        code = run(list(arguments), environment, out, err)
        return code, out.getvalue().replace(f"{tmp_path}/", ""), err.getvalue().replace(f"{tmp_path}/", "")

    return call


def write(folder: Path, **changes: Any) -> Path:
    """The small service's policy and document, as files."""
    path = folder / "policy.yaml"
    path.write_text(yaml.safe_dump(policy_data(**changes), sort_keys=False))
    (folder / "generated").mkdir(exist_ok=True)
    (folder / "generated" / "service-openapi.json").write_text(json.dumps(DOCUMENT))
    return path


@pytest.mark.platform
@pytest.mark.usefixtures("_envoy_is_there")
def test_check(command: Command, tmp_path: Path) -> None:
    """The policy is summed up with how far GCP holds it; keys that open nothing are named."""
    write(tmp_path, **GOOD)
    command("keys", "new", "acme")
    KeyStore(tmp_path / "state" / "gateway" / "keys.json").add("long-gone")
    code, out, err = command("check")
    assert (code, err) == (0, "")
    start, _, marks = out.partition("on GCP ")
    assert start == (
        "operations  3 with a key, 1 public\n"
        "client      near: all operations; from 127.0.0.1/32, ::1/128; keys: 0\n"
        "client      acme: all operations; from 203.0.113.0/24; keys: 1\n"
        "left out    the keys of long-gone, who is no client of the policy\n"
    )
    *lines, last = marks.splitlines()
    assert " ".join(lines[3].split()).endswith(
        "max_body_bytes unsupported, accepted every request may have 32 MB, no less"
    )
    assert [line.removeprefix("on GCP").split()[:2] for line in lines] == [
        ["operations", "native"],
        ["access", "native"],
        ["deadline", "native"],
        ["max_body_bytes", "unsupported,"],
        ["cost", "native"],
        ["rate", "approximate,"],
        ["burst", "approximate,"],
        ["cidrs", "native"],
    ]
    assert last == "Envoy accepts what is rendered from it."


@pytest.mark.platform
@pytest.mark.usefixtures("_envoy_is_there")
def test_check_without_gcp_or_service(command: Command, tmp_path: Path) -> None:
    """A policy for this machine alone has no marks; that no service was looked at is said."""
    write(tmp_path, environments__gcp=None, clients__acme__cidrs="any")
    (tmp_path / "generated" / "service-openapi.json").unlink()
    code, out, err = command("check")
    assert code == 0
    assert err == ("warning: generated/service-openapi.json: no such file; operations are compared with no service\n")
    assert "on GCP" not in out
    assert "client      acme: all operations; from any address; keys: 0\n" in out


def test_everything_that_is_wrong_is_said(tmp_path: Path) -> None:
    """Errors come together in the order of the lines; warnings are printed first, and are no errors."""
    path = write(
        tmp_path,
        operations__predict__path="/other",
        clients__acme__cidrs=["203.0.113.1/24"],
        clients__acme__models=["tiny"],
        clients__acme__keys=[{"sha256": "0" * 64, "expires": "2026-11-20"}],
        environments__gcp__accepts=ACCEPTS | {"key_hashes": "x", "client_models": "x"},
    )
    out, err = io.StringIO(), io.StringIO()
    settings = Settings(gateway_policy=path, state_dir=tmp_path / "state")
    with pytest.raises(PolicyError) as caught:
        run_check(settings, dt.date(2026, 11, 21), out, err)
    lines = path.read_text().splitlines()
    said = str(caught.value).replace(f"{path}:", "").splitlines()
    assert [line.split(": ")[1] for line in said] == [
        "operations.predict.path",
        "clients.acme.cidrs[0]",
        "clients.acme.keys[0].expires",
        "clients.acme.keys[0].expires",
    ]
    for line, part in zip(said, ("path: /other", "203.0.113.1/24", "expires:", "expires:"), strict=True):
        assert part in lines[int(line.split(":")[0]) - 1]
    assert err.getvalue().startswith(f"warning: {path}:")
    assert "no model 'tiny'" in err.getvalue()
    assert out.getvalue() == ""


def test_a_rule_that_gcp_cannot_hold(command: Command, tmp_path: Path) -> None:
    """Exit code 1, and the line of the rule."""
    write(tmp_path, environments__gcp__accepts={"rate": "so", "burst": "so"})
    code, _, err = command("check")
    assert code == 1
    assert err == (
        "policy.yaml:4: defaults.max_body_bytes: GCP can't hold this: every request may have 32 MB, no less. "
        "Accept 'max_body_bytes' with a reason under environments.gcp.accepts\n"
    )


def test_a_service_document_that_is_none(command: Command, tmp_path: Path) -> None:
    """It is named."""
    write(tmp_path, **GOOD)
    (tmp_path / "generated" / "service-openapi.json").write_text("{}")
    code, _, err = command("check")
    assert code == 1
    assert err.startswith("generated/service-openapi.json: no OpenAPI 3.1 document: Object missing required field")


@pytest.mark.platform
@pytest.mark.usefixtures("_envoy_is_there")
def test_render(command: Command, tmp_path: Path) -> None:
    """Both kinds of files are written, and the command that runs the gateway is printed."""
    write(tmp_path)
    code, out, err = command("render")
    assert (code, err) == (0, "")
    assert out.startswith("written to generated: policy.schema.json, ")
    assert "written to state/gateway; run it with\n" in out
    assert "--config-path state/gateway/bootstrap.yaml" in out
    assert (tmp_path / "state/gateway/bootstrap.yaml").exists()
    assert command("render", "--check") == (0, "generated: 7 files, none stale\n", "")


@pytest.mark.platform
@pytest.mark.usefixtures("_envoy_is_there")
def test_render_without_a_service(command: Command, tmp_path: Path) -> None:
    """Where there is no service's document there is only the local gateway to render for."""
    write(tmp_path)
    (tmp_path / "generated" / "service-openapi.json").unlink()
    code, out, _ = command("render")
    assert code == 0
    assert out.startswith("written to state/gateway; run it with\n")
    assert list((tmp_path / "generated").iterdir()) == []


@pytest.mark.platform
@pytest.mark.usefixtures("_envoy_is_there")
def test_render_local(command: Command, tmp_path: Path) -> None:
    """The local gateway's files alone."""
    write(tmp_path)
    assert command("render", "local")[0] == 0
    assert [path.name for path in (tmp_path / "generated").iterdir()] == ["service-openapi.json"]


def test_render_generated(command: Command, tmp_path: Path) -> None:
    """The committed files alone need no Envoy; what is stale is named until it is rendered again."""
    write(tmp_path)
    assert command("render", "generated")[0] == 0
    assert not (tmp_path / "state").exists()
    write(tmp_path, clients__acme__owner="Acme and Sons")
    assert command("render", "--check") == (
        1,
        "",
        "generated/clients.auto.tfvars.json: it is not what the policy and the service's document give now; render it\n",
    )


def test_what_is_checked_is_not_written(command: Command) -> None:
    """``--check`` and what to write exclude each other."""
    with pytest.raises(SystemExit):
        command("render", "local", "--check")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"operations__explain": {"method": "GET", "path": "/explain"}},
            "policy.yaml:22: operations.explain: the service has no operation 'explain'\n",
        ),
        (
            {"clients__acme__cidrs": []},
            "policy.yaml:31: clients.acme.cidrs: Expected `array` of length >= 1 or 'any'\n",
        ),
    ],
)
def test_what_cannot_be_rendered(command: Command, tmp_path: Path, change: dict[str, Any], said: str) -> None:
    """A policy that can't be rendered leaves the files as they are."""
    write(tmp_path, **change)
    assert command("render", "generated") == (1, "", said)
    assert [path.name for path in (tmp_path / "generated").iterdir()] == ["service-openapi.json"]
