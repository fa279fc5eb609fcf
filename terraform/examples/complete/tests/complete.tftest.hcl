mock_provider "google" {
  mock_resource "google_service_account" {
    defaults = {
      email  = "someone@my-project-dev.iam.gserviceaccount.com"
      member = "serviceAccount:someone@my-project-dev.iam.gserviceaccount.com"
      name   = "projects/my-project-dev/serviceAccounts/someone@my-project-dev.iam.gserviceaccount.com"
    }
  }
}

mock_provider "google-beta" {}

variables {
  project_id          = "my-project-dev"
  project_number      = "123456789012"
  region              = "europe-west1"
  domain              = "predictions.example.com"
  billing_account     = "012345-6789AB-CDEF01"
  analysts            = "analysts@example.com"
  on_call             = "on-call@example.com"
  models              = { bucket = "my-project-dev-puerta-models", prefix = "models/2026-11-01" }
  service_image       = "europe-west1-docker.pkg.dev/my-project-dev/puerta/service@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  drift_image         = "europe-west1-docker.pkg.dev/my-project-dev/puerta/monitoring@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  metrics_image       = "example.com/metrics@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  traces_image        = "example.com/traces@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  grafana_image       = "docker.io/grafana/grafana@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  grafana_query_image = "example.com/frontend@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  grafana_rules_image = "example.com/rules@sha256:0000000000000000000000000000000000000000000000000000000000000000"
}

run "everything_is_on" {
  command = plan

  assert {
    condition     = output.grafana_url != null && output.reports_url != null && output.edge != null
    error_message = "A part is missing."
  }

  assert {
    condition     = google_kms_crypto_key.platform.rotation_period == "7776000s"
    error_message = "The key is never turned."
  }

  assert {
    condition     = google_compute_subnetwork.service.private_ip_google_access
    error_message = "With all traffic through the network, the service would not reach Google's APIs."
  }
}
