"""Module drift-job says what monitoring/deploy says, in Terraform."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitoring.settings import describe, read_settings
from terraform.folders import Folder
from terraform.workspace import HOW_TO_GET, workspace
from tests.parts import require

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "monitoring/deploy"
DIGEST = "@sha256:" + "0" * 64
PLACES = {"PROJECT": "my-project", "REGION": "europe-west1"}
GIVEN = {
    "project_id": "my-project",
    "project_number": "123456789012",
    "region": "europe-west1",
    "image": f"europe-west1-docker.pkg.dev/my-project/puerta/monitoring{DIGEST}",
    "events_table": "my-project.puerta.run_googleapis_com_stdout",
    "dataset_ids": ["puerta"],
    "console": {"metrics_image": f"us-docker.pkg.dev/cloud-ops-agents-artifacts/sidecar{DIGEST}"},
}

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("terraform-drift-job")]


def text(name: str) -> str:
    """A file of monitoring/deploy, with a project's own names in their places."""
    found = (DEPLOY / name).read_text()
    for place, own in PLACES.items():
        found = found.replace(place, own)
    return found


def document(name: str) -> dict[str, Any]:
    """The first document of a file there."""
    found: dict[str, Any] = next(iter(yaml.safe_load_all(text(name))))
    return found


@pytest.fixture(scope="module")
def planned() -> dict[str, dict[str, Any]]:
    """What is planned, by address."""
    require("terraform", HOW_TO_GET)
    folder = Folder("modules/drift-job")
    with workspace(print) as at:
        (at.path(folder) / "terraform.tfvars.json").write_text(json.dumps(GIVEN))
        plan = at.plan_json(folder)
    return {each["address"]: each["values"] for each in plan["planned_values"]["root_module"]["resources"]}


@pytest.fixture(scope="module")
def job(planned: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The job that is planned."""
    return planned["google_cloud_run_v2_job.drift"]


def environment(container: dict[str, Any]) -> dict[str, str]:
    """A container's variables."""
    return {each["name"]: each["value"] for each in container["env"]}


def test_the_job_is_the_one_of_the_manifest(job: dict[str, Any]) -> None:
    """Name, image, command, variables, limits, tries, time and the mounted bucket."""
    committed = document("cloud-run-job.yaml")
    (execution,), spec = job["template"], committed["spec"]["template"]["spec"]
    (task,), pod = execution["template"], spec["template"]["spec"]
    (container,), (manifest,) = task["containers"], pod["containers"]
    assert job["name"] == committed["metadata"]["name"]
    assert job["location"] == committed["metadata"]["labels"]["cloud.googleapis.com/location"]
    assert (execution["task_count"], execution["parallelism"]) == (spec["taskCount"], spec["parallelism"])
    assert (task["timeout"], task["max_retries"]) == (f"{pod['timeoutSeconds']}s", pod["maxRetries"])
    assert task["execution_environment"] == "EXECUTION_ENVIRONMENT_GEN2"
    assert container["image"].split("@")[0] == manifest["image"].split(":")[0]
    assert container["args"] == manifest["args"]
    assert environment(container) == environment(manifest)
    assert container["resources"][0]["limits"] == manifest["resources"]["limits"]
    (mount,), (committed_mount,) = container["volume_mounts"], manifest["volumeMounts"]
    assert (mount["name"], mount["mount_path"]) == (committed_mount["name"], committed_mount["mountPath"])
    (volume,), (committed_volume,) = task["volumes"], pod["volumes"]
    attributes = committed_volume["csi"]["volumeAttributes"]
    (bucket,) = volume["gcs"]
    assert (volume["name"], bucket["bucket"]) == (committed_volume["name"], attributes["bucketName"])
    assert ",".join(bucket["mount_options"]) == attributes["mountOptions"]
    assert not bucket.get("read_only")


def test_the_accounts_are_those_of_the_manifest(planned: dict[str, dict[str, Any]]) -> None:
    """And of the command that makes the scheduler's."""
    domain = "my-project.iam.gserviceaccount.com"
    pod = document("cloud-run-job.yaml")["spec"]["template"]["spec"]["template"]["spec"]
    assert f"{planned['google_service_account.drift']['account_id']}@{domain}" == pod["serviceAccountName"]
    (caller,) = re.findall(r"--oauth-service-account-email (\S+)", text("README.md"))
    assert f"{planned['google_service_account.scheduler']['account_id']}@{domain}" == caller


def test_the_rights_are_those_that_monitoring_names(planned: dict[str, dict[str, Any]]) -> None:
    """The job's and the scheduler's, and none besides."""
    told = set(re.findall(r"`(roles/\S+?)`", text("README.md")))
    console = "console"
    given = {values["role"] for address, values in planned.items() if "role" in values and console not in address}
    assert given == told


def test_the_scheduler_is_the_one_of_the_command(planned: dict[str, dict[str, Any]]) -> None:
    """Its name, address, method, moment and time zone."""
    scheduler = planned["google_cloud_scheduler_job.drift"]
    (target,) = scheduler["http_target"]
    (command,) = re.findall(
        r"^gcloud scheduler jobs create http (.+?)\n```", text("README.md"), re.DOTALL | re.MULTILINE
    )
    name, *_ = command.split()
    (schedule,) = re.findall(r'--schedule "(.+?)"', command)
    options = dict(re.findall(r"--(\S+) ([^\s\"]+)", command))
    assert (scheduler["name"], scheduler["region"]) == (name, options["location"])
    assert (scheduler["schedule"], scheduler["time_zone"]) == (schedule, options["time-zone"])
    assert (target["uri"], target["http_method"]) == (options["uri"], options["http-method"])


def test_the_console_makes_no_reports_and_serves_what_the_job_wrote(planned: dict[str, dict[str, Any]]) -> None:
    """Command and schedule as on Kubernetes; settings that exist; ports that it listens on, and the sidecar asks."""
    service = planned['google_cloud_run_v2_service.console["console"]']
    (template,) = service["template"]
    console, sidecar = template["containers"]
    (pod,) = [document("console.yaml")["spec"]["template"]["spec"]]
    assert console["args"] == pod["containers"][0]["args"]
    assert environment(pod["containers"][0])["PUERTA_DRIFT_SCHEDULE"] == environment(console)["PUERTA_DRIFT_SCHEDULE"]
    assert environment(console).keys() <= {name for name, _, _ in describe()}
    settings = read_settings(environment(console))
    assert console["ports"][0]["container_port"] == settings.console_port
    assert {
        probe["http_get"][0]["port"] for kind in ("startup_probe", "liveness_probe") for probe in console[kind]
    } == {settings.monitoring_metrics_port}
    assert settings.monitoring_metrics_port == 8080  # where the sidecar looks when it has no configuration
    assert "volume_mounts" not in sidecar or not sidecar["volume_mounts"]
    assert str(settings.reports_dir) == console["volume_mounts"][0]["mount_path"]
    (bucket,) = template["volumes"][0]["gcs"]
    assert bucket["read_only"] is True
    assert bucket["bucket"] == planned["google_storage_bucket.reports"]["name"]
