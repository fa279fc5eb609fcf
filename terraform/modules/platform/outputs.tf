output "alert_policy_ids" {
  description = "The alert policies, by name."
  value       = module.observability.alert_policy_ids
}

output "alerts_left_out" {
  description = "The objectives' alerts that are not made here, each with the reason."
  value       = module.observability.left_out
}

output "console_command" {
  description = "Opens the reports' console on this machine, for who may invoke it; null without one."
  value       = one(module.drift_job[*].console_command)
}

output "edge" {
  description = "The edge's address, URL and the record that proves the domain; null without one."
  value = var.edge == null ? null : {
    address                = module.edge[0].address
    address_ipv6           = module.edge[0].address_ipv6
    certificate_dns_record = module.edge[0].certificate_dns_record
    url                    = module.edge[0].url
  }
}

output "events_table" {
  description = "The table of predictions, as PUERTA_EVENTS_TABLE wants it."
  value       = module.prediction_log.table
}

output "gateway_url" {
  description = "Where callers call. `conformance --outputs` and `load_tests compare --outputs` read it by this name."
  value       = module.gateway.gateway_url
}

output "gateway_urls" {
  description = "The same, by region."
  value       = module.gateway.gateway_urls
}

output "grafana_url" {
  description = "Grafana, for those who may invoke it; null without one, or with one that exists already."
  value       = one(module.grafana[*].url)
}

output "key_commands" {
  description = "By client, the command that prints the string of its newest key. The key itself is in no output."
  value       = module.gateway.key_commands
}

output "managed_service" {
  description = "The API's managed service, under which Google counts its requests."
  value       = module.gateway.managed_service
}

output "reports_bucket" {
  description = "The bucket of the drift reports; null without the job."
  value       = one(module.drift_job[*].reports_bucket)
}

output "reports_url" {
  description = "Where people open the drift reports; null without the job."
  value       = one(module.drift_job[*].reports_url)
}

output "run_drift_command" {
  description = "The command that makes the drift reports now; null without the job."
  value       = one(module.drift_job[*].run_command)
}

output "service_name" {
  description = "The service's name on Cloud Run."
  value       = module.service[var.region].service_name
}

output "service_url" {
  description = "The service itself, which answers nobody but the gateway. `load_tests compare --outputs` reads it by this name."
  value       = module.service[var.region].service_url
}

output "service_urls" {
  description = "The same, by region."
  value       = { for region, service in module.service : region => service.service_url }
}
