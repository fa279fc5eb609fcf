# Who calls the service: the only one who may, where the service's `invokers` name it and nobody else. It needs no role
# of its own in the project.
resource "google_service_account" "gateway" {
  project      = var.project_id
  account_id   = "${var.name}-gateway"
  display_name = "${var.api_title}: the gateway, calling the service"
}
