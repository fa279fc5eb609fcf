output "address" {
  description = "The IPv4 address that the domain's A record is to have."
  value       = google_compute_global_address.edge["IPV4"].address
}

output "address_ipv6" {
  description = "The IPv6 address for its AAAA record; null without IPv6."
  value       = try(google_compute_global_address.edge["IPV6"].address, null)
}

output "certificate_dns_record" {
  description = "The DNS record that proves the domain, and that its certificate waits for."
  value       = one(google_certificate_manager_dns_authorization.domain.dns_resource_record)
}

output "security_policy_id" {
  description = "The Cloud Armor policy."
  value       = google_compute_security_policy.edge.id
}

output "url" {
  description = "The address as callers call it."
  value       = "https://${var.domain}"
}
