"""README.md's commands, checked as far as they can be without a cloud: each file, folder, output, address and option is there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from gateway_config.gcp.terraform import client_variables
from gateway_config.policy.reading import read_policy
from terraform.folders import ROOM, ROOT, VARIABLES, Folder
from terraform.inventory import read
from terraform.tests.shell import Command, commands, gcloud_name, of_line, unknown_to_gcloud
from terraform.workflows.references import named
from terraform.workspace import Workspace

PAGE = (ROOM / "README.md").read_text()
COMMANDS = commands(PAGE)
WALK = ("bootstrap", "environments/dev")  # the folders that the page applies
DOCKER = {"build": {"--file", "--platform", "--tag"}, "push": set[str]()}
SHELL = {"cat", "cp", "curl", "export", "jq", "make", "mkdir", "rm", "sh", "umask"}
CHECKED = {".venv/bin/python", "docker", "gcloud", "terraform", *SHELL}


def of(program: str) -> list[Command]:
    """The page's commands of one program."""
    found = [command for command in COMMANDS if command.words[0] == program]
    assert found, program
    return found


def chdir(command: Command) -> Folder:
    """The folder that a terraform command is run in."""
    return Folder(str(Path(command.after("-chdir")).relative_to("terraform")))


def outputs(folder: Folder) -> set[str]:
    """The outputs that a folder declares."""
    return set(re.findall(r'^output "(\w+)"', (ROOM / folder.name / "outputs.tf").read_text(), re.MULTILINE))


def test_every_program_is_checked_by_something() -> None:
    """A command of a program that no test here looks at is not left unseen."""
    assert {command.words[0] for command in COMMANDS} == CHECKED


def test_files_are_there_when_they_are_needed() -> None:
    """Whatever a command reads is in the repository, or an earlier command has written it; variables are exported before."""
    state = "terraform/bootstrap/terraform.tfstate"
    written = {state, f"{state}.backup"}  # by the apply and the move before
    exported: set[str] = set()
    for command in COMMANDS:
        program, *rest = command.words
        assert set(re.findall(r"\$([A-Z]+)", " ".join(rest))) <= exported, command
        if program == "export":
            exported.add(rest[0].partition("=")[0])
        reads = {"cp": rest[:1], "cat": rest, "rm": rest, "sh": rest}.get(program, [])
        reads += [command.after(option).removeprefix("@") for option in ("--key", "--key-file", "--outputs", "--file")]
        reads += [command.after("--direct-token-file")]
        for name in filter(None, reads):
            assert name in written or (ROOT / name).is_file(), f"{name}: {command}"
        written |= {command.to} | set(rest[-1:] if program == "cp" else ())


def test_make_has_its_targets() -> None:
    """Each target is one of the Makefile."""
    makefile = (ROOT / "Makefile").read_text()
    for command in of("make"):
        assert re.search(rf"^{command.words[1]}:", makefile, re.MULTILINE), command


def test_curl_asks_what_the_gateway_knows() -> None:
    """Each path that is asked is an operation of the document that the gateway is given."""
    paths = yaml.safe_load((ROOT / "gateway-config/generated/openapi-gcp.yaml").read_text())["paths"]
    for command in of("curl"):
        assert "post" in paths[command.words[1].removeprefix("$GATEWAY")], command


def test_docker_builds_what_there_is() -> None:
    """Only options that docker has, and images that are pushed after they were built."""
    built: set[str] = set()
    for command in of("docker"):
        assert set(command.flags) <= DOCKER[command.words[1]], command
        if command.words[1] == "build":
            built.add(command.after("--tag"))
        else:
            assert command.words[2] in built


def test_gcloud_has_its_commands() -> None:
    """Each command and option is one of gcloud's own table."""
    for command in of("gcloud"):
        assert unknown_to_gcloud(command) == [], command


def test_gcloud_in_the_text_has_its_options() -> None:
    """The same for commands outside of a block."""
    said = re.findall(r"`(gcloud [^`]+ --[^`]+)`", PAGE)
    assert said
    for line in said:
        [command] = of_line(line)
        assert unknown_to_gcloud(command) == [], line


@pytest.mark.parametrize("line", ["gcloud run jobs execute x --wiat", "gcloud run job execute x", "gcloud flows list"])
def test_a_mistyped_gcloud_command_is_seen(line: str) -> None:
    """The check above can fail."""
    [command] = of_line(line)
    assert unknown_to_gcloud(command)


def test_every_gcloud_command_in_the_room_is_known() -> None:
    """The same for those that outputs and other pages name: at least the command is one that gcloud has."""
    known = yaml.safe_load((Path(__file__).parent / "gcloud.yaml").read_text())["commands"]
    for path in (*ROOM.rglob("README.md"), *ROOM.rglob("outputs.tf"), *ROOM.rglob("variables.tf")):
        for line in re.findall(r"gcloud ((?:[a-z-]+ )+[a-z-]+)", path.read_text()):
            command = Command(("gcloud", *line.split()))
            assert gcloud_name(command, known), f"{path}: gcloud {line}; add it to terraform/tests/gcloud.py"


def test_terraform_outputs_and_addresses_exist() -> None:
    """Each folder, output and resource that is named is there, and `apply` takes the file that `plan` has written."""
    planned: dict[Folder, str] = {}
    for command in of("terraform"):
        folder, rest = chdir(command), command.words[2:]
        assert (ROOM / folder.name / "main.tf").is_file(), command
        if rest[0] == "output":
            assert {word for word in rest[1:] if not word.startswith("-")} <= outputs(folder), command
        if rest[:2] == ("state", "rm"):
            assert set(rest[2:]) <= set(read(folder).addresses), command
        if rest[0] == "plan":
            planned[folder] = command.after("-out")
        if rest[0] == "apply":
            assert rest[1] == planned[folder], command


def test_what_is_said_to_be_planned_is_what_is_planned() -> None:
    """The numbers in what is printed are those of the inventories."""
    said = re.findall(r"(?:Plan: (\d+) to add|Resources: (\d+) added|changed, (\d+) destroyed)", PAGE)
    numbers = {int(number) for found in said for number in found if number and number != "0"}
    assert numbers == {len(read(Folder(name)).addresses) for name in WALK}


def test_the_client_that_is_added_is_one(tmp_path: Path) -> None:
    """The policy with the page's client in it is a policy, and the client gets a key on Google Cloud."""
    [added] = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    text = (ROOT / "gateway-config/policy.yaml").read_text().replace("\nclients:\n", f"\nclients:\n{added}")
    (tmp_path / "policy.yaml").write_text(text)
    made = client_variables(read_policy(tmp_path / "policy.yaml"))["clients"]
    assert made["acme"]["allowed_ips"] == ["198.51.100.7/32"]


def test_links_lead_somewhere() -> None:
    """Every relative link of the page is a file, a folder, or a heading of it."""
    headings = {
        "#" + re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-")
        for line in re.findall(r"^#+ (.*)", PAGE, re.MULTILINE)
    }
    for link in re.findall(r"\]\(([^)]+)\)", PAGE):
        assert link in headings or (ROOM / link.partition("#")[0]).exists(), link


def test_part_of_an_option_is_none() -> None:
    """The two checks below can fail: `--key` is not there because `--key-file` is."""
    assert named("--key-file", "  --key-file FILE  the key")
    assert not named("--key", "  --key-file FILE  the key")
    assert not named("-file", "  --key-file FILE  the key")


@pytest.mark.platform
@pytest.mark.parametrize("command", of(".venv/bin/python"), ids=lambda command: " ".join(command.words[2:4]))
def test_our_own_commands_have_their_options(command: Command) -> None:
    """Each module, subcommand and option is in what its --help tells."""
    done = subprocess.run(
        [sys.executable, *command.words[1:4], "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for option in command.flags[1:]:  # the first is python's own -m
        assert named(option, done.stdout), option


@pytest.mark.platform
@pytest.mark.xdist_group("terraform-roots")
def test_terraform_takes_the_commands_as_they_are(deployment: Workspace) -> None:
    """Options are those of the binary; the walk's plans are made, with the page's very words and the example files."""
    helped: dict[str, str] = {}
    for command in of("terraform"):
        folder, rest = chdir(command), command.words[2:]
        subcommand = " ".join(rest[:2]) if rest[0] in {"providers", "state"} else rest[0]
        if subcommand not in helped:
            helped[subcommand] = deployment.run(folder, *subcommand.split(), "-help").output
        for option in command.flags[1:]:
            assert named(option, helped[subcommand]), f"{option}: {command}"
        if rest[0] == "plan" and "-destroy" not in rest:
            example = deployment.path(folder) / VARIABLES
            values = example.with_suffix("")
            values.write_text(example.read_text())
            deployment.init(folder).require(folder.name)
            done = deployment.run(folder, *rest, "-no-color", "-input=false")
            values.unlink()  # the root's own tests, which may come later in the same copy, are not to see them
            done.require(folder.name)
            assert f"Plan: {len(read(folder).addresses)} to add" in done.output
