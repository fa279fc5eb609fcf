output "api_id" {
  description = "The API's id, of which each region's gateway serves a config."
  value       = google_api_gateway_api.predictions.api_id
}

output "gateway_id" {
  description = "The gateway of `region`: projects/PROJECT/locations/REGION/gateways/NAME."
  value       = google_api_gateway_gateway.predictions[var.region].id
}

output "gateway_name" {
  description = "The gateways' name, the same in every region."
  value       = google_api_gateway_gateway.predictions[var.region].gateway_id
}

output "gateway_url" {
  description = "The gateway of `region`, as callers call it."
  value       = "https://${google_api_gateway_gateway.predictions[var.region].default_hostname}"
}

output "gateway_urls" {
  description = "Every gateway as callers call it, by region."
  value       = { for region, gateway in google_api_gateway_gateway.predictions : region => "https://${gateway.default_hostname}" }
}

output "gateways" {
  description = "The gateways' names by region, as module edge takes them."
  value       = { for region, gateway in google_api_gateway_gateway.predictions : region => gateway.gateway_id }
}

output "key_commands" {
  description = "By client, the command that prints the string of its newest key."
  value = {
    for client, terms in var.clients : client => join(" ", [
      "gcloud services api-keys get-key-string",
      google_apikeys_key.client["${client}-g${max(terms.generations...)}"].name,
      "--location=global --project=${var.project_id} --format='value(keyString)'",
    ])
  }
}

output "keys" {
  description = "The keys' ids, by CLIENT-gGENERATION. Never their strings."
  value       = { for key, made in google_apikeys_key.client : key => made.id }
}

output "managed_service" {
  description = "The service that Google manages for the API: what keys are for, and what metrics and logs are under."
  value       = google_project_service.predictions.service
}

output "service_account_email" {
  description = "The gateway's service account: the one that the service lets in."
  value       = google_service_account.gateway.email
}
