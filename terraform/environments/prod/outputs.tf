output "drift_image" {
  description = "The image of the reports that runs now; a pull request is planned with it."
  value       = var.drift_image
}

output "edge" {
  description = "The edge's address, URL and the record that proves the domain."
  value       = module.platform.edge
}

output "events_table" {
  description = "The table of predictions, as PUERTA_EVENTS_TABLE wants it."
  value       = module.platform.events_table
}

output "gateway_url" {
  description = "Where callers call. `conformance --outputs` and `load_tests compare --outputs` read it by this name."
  value       = module.platform.gateway_url
}

output "grafana_url" {
  description = "Grafana, for those who may invoke it; null without one."
  value       = module.platform.grafana_url
}

output "key_commands" {
  description = "By client, the command that prints the string of its newest key. The key itself is in no output."
  value       = module.platform.key_commands
}

output "project_id" {
  description = "The project that this is in."
  value       = var.project_id
}

output "region" {
  description = "Where it all is."
  value       = var.region
}

output "reports_bucket" {
  description = "The bucket of the drift reports; null without the job."
  value       = module.platform.reports_bucket
}

output "reports_url" {
  description = "Where people open the drift reports; null without the job."
  value       = module.platform.reports_url
}

output "run_drift_command" {
  description = "The command that makes the drift reports now; null without the job."
  value       = module.platform.run_drift_command
}

output "service_image" {
  description = "The image of the service that runs now; a pull request is planned with it."
  value       = var.service_image
}

output "service_name" {
  description = "The service's name on Cloud Run."
  value       = module.platform.service_name
}

output "service_url" {
  description = "The service itself, which answers nobody but the gateway. `load_tests compare --outputs` reads it by this name."
  value       = module.platform.service_url
}
