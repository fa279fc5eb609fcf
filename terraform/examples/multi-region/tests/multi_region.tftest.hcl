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
  project_id     = "my-project-dev"
  project_number = "123456789012"
  region         = "europe-west1"
  replicas       = { us = "us-central1", asia = "asia-northeast1" }
  domain         = "predictions.example.com"
  on_call        = "on-call@example.com"
  log_location   = "EU"
  service_image  = "europe-west1-docker.pkg.dev/my-project-dev/puerta/service@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  drift_image    = "europe-west1-docker.pkg.dev/my-project-dev/puerta/monitoring@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  metrics_image  = "example.com/metrics@sha256:0000000000000000000000000000000000000000000000000000000000000000"
}

run "three_regions_one_key" {
  command = plan

  assert {
    condition     = toset(keys(output.gateway_urls)) == toset(["europe-west1", "us-central1", "asia-northeast1"])
    error_message = "Not every region has a gateway."
  }

  assert {
    condition     = length(output.key_commands) == length(jsondecode(file("../../../gateway-config/generated/clients.auto.tfvars.json")).clients)
    error_message = "A client has more or fewer keys than one for all regions."
  }

  assert {
    condition     = output.edge.url == "https://predictions.example.com"
    error_message = "There is no one address in front of the regions."
  }
}
