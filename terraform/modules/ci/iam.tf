locals {
  # Looks, and reads no secret's payload, no event and no report. What it does read are API keys' strings: they are in the
  # state, and to refresh a key is to fetch it.
  plan_roles = toset([
    "roles/apigateway.viewer",
    "roles/bigquery.metadataViewer",
    "roles/certificatemanager.viewer",
    "roles/cloudscheduler.viewer",
    "roles/compute.viewer",
    "roles/iam.securityReviewer",
    "roles/logging.viewer",
    "roles/monitoring.viewer",
    "roles/pubsub.viewer",
    "roles/run.viewer",
    "roles/secretmanager.viewer",
    "roles/serviceusage.apiKeysViewer",
    "roles/serviceusage.serviceUsageConsumer", # to look, and to have the project named as the one that asks (user_project_override)
    "roles/storage.bucketViewer",
  ])

  # One for each kind of thing that the modules make; who makes a thing can also read what is in it. Not among them is what
  # would let it change this module: the trust in GitHub, roles without a condition.
  deploy_roles = toset([
    "roles/apigateway.admin",
    "roles/bigquery.dataOwner",
    "roles/certificatemanager.owner",
    "roles/cloudscheduler.admin",
    "roles/compute.loadBalancerAdmin",
    "roles/compute.securityAdmin",
    "roles/iam.serviceAccountCreator", # not the admin, who could let itself into every account
    "roles/iam.serviceAccountDeleter",
    "roles/iam.serviceAccountUser",
    "roles/iap.admin",
    "roles/logging.configWriter",
    "roles/monitoring.editor",
    "roles/pubsub.admin",
    "roles/run.admin",
    "roles/secretmanager.admin",
    "roles/servicemanagement.serviceConsumer", # to enable the API's managed service
    "roles/serviceusage.apiKeysAdmin",
    "roles/serviceusage.serviceUsageAdmin",
  ])
}

resource "google_project_iam_member" "plan" {
  for_each = local.plan_roles

  project = var.project_id
  role    = each.value
  member  = google_service_account.plan.member
}

resource "google_project_iam_member" "deploy" {
  #checkov:skip=CKV_GCP_41:It deploys as accounts that it makes itself; an account cannot be granted before it is there.
  #checkov:skip=CKV_GCP_49:It acts as accounts that it makes itself: the service's, the gateway's, the jobs'.
  for_each = local.deploy_roles

  project = var.project_id
  role    = each.value
  member  = google_service_account.deploy.member
}

# It gives the platform's accounts their roles, and can give nobody, itself included, any other.
resource "google_project_iam_member" "grant" {
  #checkov:skip=CKV_GCP_49:The condition below leaves it the grants of a few harmless roles.
  project = var.project_id
  role    = "roles/resourcemanager.projectIamAdmin"
  member  = google_service_account.deploy.member

  condition {
    title       = "only the platform's roles"
    description = "What the modules grant on the project, and no other role."
    expression = format(
      "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly([%s])",
      join(", ", [for role in sort(var.grantable_roles) : "'${role}'"]),
    )
  }
}

# Buckets of the platform, but not the one with the state: of that it gets the objects alone, below.
resource "google_project_iam_member" "buckets" {
  project = var.project_id
  role    = "roles/storage.admin"
  member  = google_service_account.deploy.member

  condition {
    title       = "not the state's bucket"
    description = "It is made by the bootstrap, and only people change it."
    expression  = "!resource.name.startsWith('projects/_/buckets/${var.state_bucket}')"
  }
}

resource "google_storage_bucket_iam_member" "plan" {
  bucket = var.state_bucket
  role   = "roles/storage.objectViewer"
  member = google_service_account.plan.member
}

resource "google_storage_bucket_iam_member" "deploy" {
  bucket = var.state_bucket
  role   = "roles/storage.objectUser"
  member = google_service_account.deploy.member
}

resource "google_artifact_registry_repository_iam_member" "deploy" {
  for_each = var.artifact_repository == null ? {} : { images = var.artifact_repository }

  project    = var.project_id
  location   = each.value.location
  repository = each.value.repository_id
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.deploy.member
}
