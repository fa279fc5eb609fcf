output "console_command" {
  description = "Opens the reports' console on this machine, for who may invoke it."
  value       = module.platform.console_command
}

output "edge" {
  description = "The edge's address, URL and the record that proves the domain."
  value       = module.platform.edge
}

output "gateway_url" {
  description = "The gateway itself, for checks; callers call the edge."
  value       = module.platform.gateway_url
}

output "grafana_url" {
  description = "Grafana, for those who may open it."
  value       = module.platform.grafana_url
}

output "key_commands" {
  description = "By client, the command that prints the string of its newest key."
  value       = module.platform.key_commands
}

output "reports_url" {
  description = "Where people open the drift reports."
  value       = module.platform.reports_url
}

output "service_url" {
  description = "The service itself, which answers nobody but the gateway."
  value       = module.platform.service_url
}
