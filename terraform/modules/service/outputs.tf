output "location" {
  description = "Region that the service runs in."
  value       = google_cloud_run_v2_service.service.location
}

output "service_account_email" {
  description = "Account that the service runs as."
  value       = google_service_account.service.email
}

output "service_id" {
  description = "The service as projects/P/locations/L/services/S."
  value       = google_cloud_run_v2_service.service.id
}

output "service_name" {
  description = "Name of the service on Cloud Run; the namespace of its metrics."
  value       = google_cloud_run_v2_service.service.name
}

output "service_url" {
  description = "Where the service answers, whoever may call it. It is made of the inputs, and so known before there is a service."
  value       = "https://${var.name}-${var.project_number}.${var.region}.run.app"
}
