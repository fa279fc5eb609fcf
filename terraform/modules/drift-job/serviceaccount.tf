resource "google_service_account" "drift" {
  project      = var.project_id
  account_id   = "${var.name}-drift"
  display_name = "Drift reports: reads the prediction log, writes the reports"
}

resource "google_service_account" "scheduler" {
  project      = var.project_id
  account_id   = "${var.name}-scheduler"
  display_name = "Cloud Scheduler: starts the drift reports"
}
