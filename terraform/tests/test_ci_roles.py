"""The identities of CI may do what the modules need, and grant what the modules grant: no less, and no more."""

import re
from pathlib import Path

import pytest

MODULES = Path(__file__).parents[1] / "modules"
CI = MODULES / "ci"
# Of a resource, by the beginning of its name: who makes it, who looks at it.
ROLES = {
    "api_gateway": ("roles/apigateway.admin", "roles/apigateway.viewer"),
    "apikeys": ("roles/serviceusage.apiKeysAdmin", "roles/serviceusage.apiKeysViewer"),
    "bigquery": ("roles/bigquery.dataOwner", "roles/bigquery.metadataViewer"),
    "certificate_manager": ("roles/certificatemanager.owner", "roles/certificatemanager.viewer"),
    "cloud_run_v2": ("roles/run.admin", "roles/run.viewer"),
    "cloud_scheduler": ("roles/cloudscheduler.admin", "roles/cloudscheduler.viewer"),
    "compute": ("roles/compute.loadBalancerAdmin", "roles/compute.viewer"),
    "compute_security_policy": ("roles/compute.securityAdmin", "roles/compute.viewer"),
    "compute_ssl_policy": ("roles/compute.securityAdmin", "roles/compute.viewer"),
    "iap": ("roles/iap.admin", "roles/iam.securityReviewer"),
    "logging": ("roles/logging.configWriter", "roles/logging.viewer"),
    "monitoring": ("roles/monitoring.editor", "roles/monitoring.viewer"),
    "project_service": ("roles/serviceusage.serviceUsageAdmin", "roles/serviceusage.serviceUsageConsumer"),
    "pubsub": ("roles/pubsub.admin", "roles/pubsub.viewer"),
    "secret_manager": ("roles/secretmanager.admin", "roles/secretmanager.viewer"),
    "service_account": ("roles/iam.serviceAccountCreator", "roles/iam.securityReviewer"),
    # By a condition each: only some roles, and not the state's bucket.
    "project_iam_member": ("roles/resourcemanager.projectIamAdmin", "roles/iam.securityReviewer"),
    "storage": ("roles/storage.admin", "roles/storage.bucketViewer"),
}
# Not this project's: a person grants them where they are (modules/ci/README.md).
ELSEWHERE = ("billing_budget", "kms_crypto_key_iam_member")
# To delete the accounts that it makes and to act as them, and to enable the API's managed service.
BESIDE = {
    "roles/iam.serviceAccountDeleter",
    "roles/iam.serviceAccountUser",
    "roles/servicemanagement.serviceConsumer",
}
# With these it could write its own grants: into the policy of an account (its own too), or of the project without a condition.
NEVER = {"roles/iam.securityAdmin", "roles/iam.serviceAccountAdmin", "roles/iam.serviceAccountTokenCreator"}


def resources() -> set[str]:
    """What the modules make, without ``google_``; but for module ci, which the bootstrap applies."""
    texts = [path.read_text() for path in MODULES.glob("*/*.tf") if path.parent != CI]
    return {name for text in texts for name in re.findall(r'^resource "google_(\w+)"', text, re.MULTILINE)}


def roles(text: str, name: str) -> set[str]:
    """The roles of a set in module ci's text."""
    found = re.search(rf"{name}\s*=\s*toset\(\[(.*?)\]\)", text, re.DOTALL)
    assert found is not None, name
    return set(re.findall(r'"(roles/[\w.]+)"', found[1]))


def longest(resource: str) -> str:
    """The most exact entry of the table for a resource."""
    found = [begin for begin in ROLES if resource.startswith(begin)]
    assert found, f"google_{resource}: no role is known for it; add it to the table and to modules/ci/iam.tf"
    return max(found, key=len)


@pytest.mark.parametrize("resource", sorted(resources() - set(ELSEWHERE)))
def test_everything_that_is_made(resource: str) -> None:
    """Who deploys may make it, who plans may look at it."""
    make, look = ROLES[longest(resource)]
    text = (CI / "iam.tf").read_text()
    assert make in roles(text, "deploy_roles") or f'role    = "{make}"' in text
    assert look in roles(text, "plan_roles")


def test_nothing_beside() -> None:
    """No role is left that nothing needs any more."""
    needed = {ROLES[longest(resource)] for resource in resources() - set(ELSEWHERE)}
    text = (CI / "iam.tf").read_text()
    assert roles(text, "deploy_roles") <= {make for make, _ in needed} | BESIDE
    assert roles(text, "plan_roles") <= {look for _, look in needed}


def test_no_policy_of_an_account() -> None:
    """Who deploys can't let anybody into an account, and no module asks it to."""
    assert not roles((CI / "iam.tf").read_text(), "deploy_roles") & NEVER
    assert not [name for name in resources() if name.startswith("service_account_iam")]


def test_what_is_granted_on_the_project() -> None:
    """Exactly the roles that the modules give to the platform's accounts: one more would be one that it could give itself."""
    granted = set()
    for path in MODULES.glob("*/*.tf"):
        if path.parent == CI:
            continue
        for block in re.findall(
            r'^resource "google_project_iam_member".*?^}', path.read_text(), re.DOTALL | re.MULTILINE
        ):
            literal = re.findall(r'"(roles/[\w.]+)"', block)
            granted |= set(
                literal
                or re.findall(
                    r"roles\s*=\s*\[[^\]]*\]", "".join(beside.read_text() for beside in path.parent.glob("*.tf"))
                )
            )
    granted = {role for found in granted for role in re.findall(r"roles/[\w.]+", found)}
    default = re.search(
        r'variable "grantable_roles".*?default = \[(.*?)\]', (CI / "variables.tf").read_text(), re.DOTALL
    )
    assert default is not None
    assert set(re.findall(r'"(roles/[\w.]+)"', default[1])) == granted
