output "provisioning_bucket" {
  description = "The bucket with what Grafana starts with: datasources/, dashboards/ and boards/."
  value       = google_storage_bucket.provisioning.name
}

output "service_account_email" {
  description = "The account that may read metrics, and nothing else. An existing Grafana's query proxy or syncer uses it."
  value       = google_service_account.grafana.email
}

output "url" {
  description = "Grafana, for those whom IAP lets in; null where there is an existing one."
  value       = local.enabled ? local.url : null
}
