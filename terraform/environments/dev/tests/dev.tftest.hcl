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
  service_image  = "europe-west1-docker.pkg.dev/my-project-dev/puerta/service@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  drift_image    = "europe-west1-docker.pkg.dev/my-project-dev/puerta/monitoring@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  metrics_image  = "example.com/metrics@sha256:0000000000000000000000000000000000000000000000000000000000000000"

  notification_channels = {
    on_call = { type = "email", labels = { email_address = "on-call@example.com" } }
  }
}

run "outputs" {
  command = plan

  assert {
    condition     = output.service_url == "https://puerta-123456789012.europe-west1.run.app" && output.service_name == "puerta"
    error_message = "load_tests compare and the canary would look for the service elsewhere."
  }

  assert {
    condition     = output.project_id == "my-project-dev" && output.region == "europe-west1"
    error_message = "The canary would look in another place."
  }

  assert {
    condition     = toset(keys(output.key_commands)) == toset(keys(jsondecode(file("../../../gateway-config/generated/clients.auto.tfvars.json")).clients))
    error_message = "Not every client of the policy has a command that fetches its key, or somebody else has one."
  }

}
