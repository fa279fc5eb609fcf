# Who asks Managed Prometheus: the Grafana here, or an existing one.
resource "google_service_account" "grafana" {
  project      = var.project_id
  account_id   = local.service
  display_name = "${var.name}: Grafana, reading metrics"
}
