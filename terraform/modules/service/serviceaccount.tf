locals {
  global_name = coalesce(var.global_name, var.name)
}

resource "google_service_account" "service" {
  project      = var.project_id
  account_id   = "${local.global_name}-service"
  display_name = "Puerta: the prediction service"
  description  = "As whom ${var.name} runs in ${var.region}."
}
