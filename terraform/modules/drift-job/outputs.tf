output "console_command" {
  description = "Opens the console on this machine, for who may invoke it; null without a console."
  value       = var.console == null ? null : "gcloud run services proxy ${local.console_name} --project ${var.project_id} --region ${var.region} --port 8090"
}

output "console_url" {
  description = "The console; null without one."
  value       = var.console == null ? null : "https://${local.console_host}"
}

output "has_metrics" {
  description = "Whether drift_*, quality_* and label_* come to Managed Prometheus, so that alerts on them can fire."
  value       = var.console != null
}

output "job_name" {
  description = "The job; in Cloud Monitoring the label job_name of run.googleapis.com/job/completed_execution_count."
  value       = google_cloud_run_v2_job.drift.name
}

output "reports_bucket" {
  description = "The bucket that has the reports."
  value       = google_storage_bucket.reports.name
}

output "reports_command" {
  description = "Copies the reports to this machine, where their pages' links lead on."
  value       = "gcloud storage rsync --recursive gs://${google_storage_bucket.reports.name} reports"
}

output "reports_url" {
  description = "The reports' first page, for who is logged in to Google and may read the bucket."
  value       = "https://storage.cloud.google.com/${google_storage_bucket.reports.name}/index.html"
}

output "run_command" {
  description = "Makes the reports now."
  value       = "gcloud run jobs execute ${google_cloud_run_v2_job.drift.name} --project ${var.project_id} --region ${var.region} --wait"
}

output "schedule" {
  description = "When runs start, and in which time zone."
  value       = { cron = google_cloud_scheduler_job.drift.schedule, time_zone = google_cloud_scheduler_job.drift.time_zone }
}

output "service_account_email" {
  description = "The account that runs."
  value       = google_service_account.drift.email
}
