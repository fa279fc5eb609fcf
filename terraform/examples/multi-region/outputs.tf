output "edge" {
  description = "The edge's address, URL and the record that proves the domain."
  value       = module.platform.edge
}

output "gateway_url" {
  description = "The first region's gateway, for checks; callers call the edge."
  value       = module.platform.gateway_url
}

output "gateway_urls" {
  description = "Every gateway, by region."
  value       = module.platform.gateway_urls
}

output "key_commands" {
  description = "By client, the command that prints the string of its newest key. It opens every region."
  value       = module.platform.key_commands
}

output "service_url" {
  description = "The first region's service, which answers nobody but the gateway."
  value       = module.platform.service_url
}
