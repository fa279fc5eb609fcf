"""The manifests are what Kubernetes and Cloud Run take, and say what the image and the settings have."""

import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from monitoring.settings import Settings, describe, read_settings
from service.tests import dockerfile

ROOM = Path(__file__).parents[1]
DEPLOY = ROOM / "deploy"
SCHEMAS = Path(__file__).parent / "schemas"
KUBERNETES = ("cronjob.yaml", "console.yaml")
PODS = (*KUBERNETES, "cloud-run-job.yaml")
KINDS = {
    ("batch/v1", "CronJob"): "io.k8s.api.batch.v1.CronJob",
    ("apps/v1", "Deployment"): "io.k8s.api.apps.v1.Deployment",
    ("v1", "Service"): "io.k8s.api.core.v1.Service",
    ("v1", "PersistentVolumeClaim"): "io.k8s.api.core.v1.PersistentVolumeClaim",
    ("run.googleapis.com/v1", "Job"): "Job",
}
JOB = ("spec", "jobTemplate", "spec")
EXECUTION = ("spec", "template", "spec")


def documents(name: str) -> list[dict[str, Any]]:
    """What a manifest has, with a project's own names in their places."""
    text = (DEPLOY / name).read_text().replace("PROJECT", "my-project").replace("REGION", "europe-west1")
    return list(yaml.safe_load_all(text))


def schema(name: str) -> dict[str, Any]:
    """What is taken there."""
    document: dict[str, Any] = json.loads((SCHEMAS / name).read_text())
    return document


def complaints(document: dict[str, Any]) -> list[str]:
    """What Kubernetes or Cloud Run would refuse."""
    name = "cloud-run-v1.json" if document["apiVersion"].startswith("run.") else "kubernetes-1.31.json"
    taken = schema(name)
    root = {
        "$ref": f"#/definitions/{KINDS[document['apiVersion'], document['kind']]}",
        "definitions": taken["definitions"],
    }
    found = [error.message for error in jsonschema_rs.validator_for(root).iter_errors(document)]
    return [*found, *_misplaced(document, taken.get("annotations"))]


def _misplaced(document: dict[str, Any], places: dict[str, list[str]] | None) -> Iterator[str]:
    """Annotations that Cloud Run does not know at this resource."""
    if places is not None:
        for resource, node in {"Job": document, "Execution": document["spec"]["template"]}.items():
            for name in node.get("metadata", {}).get("annotations", {}):
                if resource not in places.get(name, ()):
                    yield f"{name} is no annotation of {resource}"


def pod(name: str) -> dict[str, Any]:
    """The pod of a manifest, or what Cloud Run has in its place."""
    found = documents(name)[0]["spec"]
    while "containers" not in found:
        found = found.get("jobTemplate") or found.get("template") or found["spec"]
    return dict(found)


def container(name: str) -> dict[str, Any]:
    """The one container of a manifest."""
    (only,) = pod(name)["containers"]
    return dict(only)


def given(name: str) -> dict[str, str]:
    """The environment of a container: the image's, and the manifest's on top."""
    words = [rest for word, rest in dockerfile.read(ROOM / "Dockerfile") if word == "ENV"]
    image = dict(pair.split("=", 1) for rest in words for pair in rest.split())
    return image | {each["name"]: each["value"] for each in container(name)["env"]}


@pytest.mark.parametrize("name", PODS)
def test_it_is_taken(name: str) -> None:
    """Every document, with nothing that is not known there."""
    for document in documents(name):
        assert complaints(document) == []


FAULTS: dict[str, tuple[str, tuple[str, ...], Callable[[Any], object]]] = {
    "a misspelt key": ("cronjob.yaml", JOB, lambda job: job.update(backoffLimits=2)),
    "a key at the wrong place": ("cronjob.yaml", ("spec",), lambda spec: spec.update(activeDeadlineSeconds=60)),
    "text for a number": ("cronjob.yaml", JOB, lambda job: job.update(backoffLimit="2")),
    "no schedule": ("cronjob.yaml", ("spec",), lambda spec: spec.pop("schedule")),
    "a policy without an action": (
        *("cronjob.yaml", JOB),
        lambda job: job["podFailurePolicy"]["rules"][0].pop("action"),
    ),
    "a number as a variable's value": (
        *("cronjob.yaml", (*JOB, "template", "spec")),
        lambda pod: pod["containers"][0]["env"][0].update(value=1024),
    ),
    "no containers": ("console.yaml", ("spec", "template", "spec"), lambda pod: pod.pop("containers")),
    "a probe that is none": (
        *("console.yaml", ("spec", "template", "spec")),
        lambda pod: pod["containers"][0]["readinessProbe"].update(http={}),
    ),
    "what only Kubernetes has": (
        *("cloud-run-job.yaml", (*EXECUTION, "template", "spec")),
        lambda task: task.update(restartPolicy="Never"),
    ),
    "retries at the wrong place": ("cloud-run-job.yaml", EXECUTION, lambda execution: execution.update(maxRetries=1)),
    "text for retries": (
        *("cloud-run-job.yaml", (*EXECUTION, "template", "spec")),
        lambda task: task.update(maxRetries="once"),
    ),
    "an annotation of a service": (
        *("cloud-run-job.yaml", ("spec", "template", "metadata")),
        lambda metadata: metadata["annotations"].update({"run.googleapis.com/ingress": "all"}),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_seen(fault: str) -> None:
    """The schemas are strict enough to see what people get wrong."""
    name, path, spoil = FAULTS[fault]
    document = deepcopy(documents(name)[0])
    node = document
    for step in path:
        node = node[step]
    spoil(node)
    assert complaints(document) != []


@pytest.mark.parametrize("name", PODS)
def test_its_variables_are_settings(name: str) -> None:
    """By name, and their values can be read."""
    environment = given(name)
    known = {variable for variable, _, _ in describe()}
    assert {each for each in environment if each.startswith("PUERTA_")} <= known
    read_settings(environment)


@pytest.mark.parametrize("name", KUBERNETES)
def test_all_that_it_writes_is_on_volumes(name: str) -> None:
    """The rest of the file system can't be written to, and nobody in it is root."""
    settings, mounts = read_settings(given(name)), container(name)["volumeMounts"]
    claims = {each["name"]: each for each in pod(name)["volumes"]}
    assert {each["name"] for each in mounts} == set(claims)
    kept = {Path(each["mountPath"]) for each in mounts if "persistentVolumeClaim" in claims[each["name"]]}
    for folder in (settings.state_dir, settings.reports_dir, settings.archive_dir):
        assert kept & {folder, *folder.parents}
    user = int(dict(dockerfile.read(ROOM / "Dockerfile"))["USER"].partition(":")[0])
    secured, whole = container(name)["securityContext"], pod(name)["securityContext"]
    assert (whole["runAsNonRoot"], whole["runAsUser"], whole["fsGroup"]) == (True, user, user)
    assert (secured["readOnlyRootFilesystem"], secured["allowPrivilegeEscalation"]) == (True, False)
    assert secured["capabilities"] == {"drop": ["ALL"]}
    assert pod(name)["enableServiceLinks"] is False


def test_the_job_reads_what_the_service_writes() -> None:
    """Both logs are on its claim, which may be written to: old segments are deleted."""
    settings = read_settings(given("cronjob.yaml"))
    mounted = {each["mountPath"]: each for each in container("cronjob.yaml")["volumeMounts"]}
    for folder in (settings.events_dir, settings.labels_dir):
        assert not mounted[str(folder.parent)].get("readOnly")


def test_a_run_is_ended_before_the_next() -> None:
    """One at a time, in UTC, as often as the scheduler's own; an alert and an eviction are no failures."""
    spec = documents("cronjob.yaml")[0]["spec"]
    job = spec["jobTemplate"]["spec"]
    assert (spec["concurrencyPolicy"], spec["timeZone"], spec["schedule"]) == (
        "Forbid",
        "Etc/UTC",
        Settings().drift_schedule,
    )
    assert max(job["activeDeadlineSeconds"], spec["startingDeadlineSeconds"]) < 3600
    assert job["activeDeadlineSeconds"] > Settings().evidently_seconds
    assert job["podFailurePolicy"]["rules"][0]["onPodConditions"][0]["type"] == "DisruptionTarget"
    assert pod("cronjob.yaml")["restartPolicy"] == "Never"  # which a policy of failures asks for
    assert "--exit-zero" in container("cronjob.yaml")["args"]
    counting = read_settings(given("cronjob.yaml")).drift_memory_megabytes
    assert container("cronjob.yaml")["resources"]["limits"]["memory"] == f"{2 * counting // 1024}Gi"


def test_the_console_serves_and_makes_nothing() -> None:
    """On the ports that the settings say, with the job's state, and no schedule of its own."""
    settings = read_settings(given("console.yaml"))
    ports = {each["name"]: each["containerPort"] for each in container("console.yaml")["ports"]}
    assert ports == {"console": settings.console_port, "metrics": settings.monitoring_metrics_port}
    service = documents("console.yaml")[1]["spec"]
    assert {each["name"]: each["port"] for each in service["ports"]} == ports
    assert {each["targetPort"] for each in service["ports"]} == set(ports)
    labels = documents("console.yaml")[0]["spec"]["template"]["metadata"]["labels"]
    assert service["selector"].items() <= labels.items()
    assert settings.drift_schedule == "-"
    assert container("console.yaml")["args"] == ["schedule"]
    claims = [
        {each["persistentVolumeClaim"]["claimName"] for each in pod(name)["volumes"] if each["name"] == "state"}
        for name in KUBERNETES
    ]
    assert claims[0] == claims[1] == {documents("cronjob.yaml")[1]["metadata"]["name"]}


def test_both_jobs_do_the_same() -> None:
    """The command is one; Cloud Run's reads a table and writes to the mounted bucket, as the image's user."""
    assert container("cloud-run-job.yaml")["args"] == container("cronjob.yaml")["args"]
    settings = read_settings(given("cloud-run-job.yaml"))
    (mount,) = container("cloud-run-job.yaml")["volumeMounts"]
    assert str(settings.reports_dir) == mount["mountPath"]
    (volume,) = pod("cloud-run-job.yaml")["volumes"]
    user, group = dict(dockerfile.read(ROOM / "Dockerfile"))["USER"].split(":")
    assert volume["csi"]["driver"] == "gcsfuse.run.googleapis.com"
    assert volume["csi"]["volumeAttributes"]["mountOptions"] == f"uid={user},gid={group}"
    assert pod("cloud-run-job.yaml")["timeoutSeconds"] > settings.evidently_seconds


def test_cloud_scheduler_calls_the_job() -> None:
    """The address in the README names it, by the method that runs it, at one minute of one hour of every day."""
    text = (DEPLOY / "README.md").read_text()
    name = documents("cloud-run-job.yaml")[0]["metadata"]["name"]
    assert re.findall(r"--uri (\S+)", text) == [
        f"https://run.googleapis.com/v2/projects/PROJECT/locations/REGION/jobs/{name}:run"
    ]
    (schedule,) = re.findall(r'--schedule "(.+?)"', text)
    assert re.fullmatch(r"\d+ \d+ \* \* \*", schedule)
