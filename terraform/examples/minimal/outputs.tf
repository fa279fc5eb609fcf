output "gateway_url" {
  description = "Where callers call."
  value       = module.gateway.gateway_url
}

output "key_commands" {
  description = "By client, the command that prints the string of its newest key."
  value       = module.gateway.key_commands
}

output "service_url" {
  description = "The service itself, which answers nobody but the gateway."
  value       = module.service.service_url
}
