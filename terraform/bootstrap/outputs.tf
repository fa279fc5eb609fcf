output "ci" {
  description = "What the workflows need to know of their identities; null where there are none."
  value       = one(module.ci[*])
}

output "models_bucket" {
  description = "Where model packages are copied to that are not in the image."
  value       = google_storage_bucket.models.name
}

output "registry" {
  description = "Where images are pushed: HOST/PROJECT/REPOSITORY."
  value       = "${google_artifact_registry_repository.images.location}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.images.repository_id}"
}

output "registry_host" {
  description = "The host that docker signs in to."
  value       = "${google_artifact_registry_repository.images.location}-docker.pkg.dev"
}

output "state_bucket" {
  description = "The bucket of every state: -backend-config=bucket=..."
  value       = google_storage_bucket.state.name
}
