# Who plans and who deploys from GitHub, without a key that could be lost.
module "ci" {
  source = "../modules/ci"
  count  = var.ci == null ? 0 : 1

  project_id = var.project_id
  name       = var.name

  repository          = var.ci.repository
  repository_owner_id = var.ci.repository_owner_id
  environments        = var.ci.environments
  state_bucket        = google_storage_bucket.state.name

  artifact_repository = {
    location      = google_artifact_registry_repository.images.location
    repository_id = google_artifact_registry_repository.images.repository_id
  }

  depends_on = [module.apis]
}
