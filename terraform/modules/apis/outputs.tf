output "apis" {
  description = "The enabled APIs by name, to depend on."
  value       = { for name, api in google_project_service.api : name => api.id }
}

output "encryption" {
  description = "Who may encrypt with which key, by key and product, to depend on."
  value       = { for name, grant in google_kms_crypto_key_iam_member.agent : name => grant.id }
}
