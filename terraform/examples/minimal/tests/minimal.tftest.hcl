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
}

run "service_behind_a_gateway" {
  command = plan

  assert {
    condition     = output.service_url == "https://puerta-123456789012.europe-west1.run.app"
    error_message = "The service has another URL than the gateway is told."
  }

  assert {
    condition     = keys(output.key_commands) == keys(jsondecode(file("../../../gateway-config/generated/clients.auto.tfvars.json")).clients)
    error_message = "The keys are not those of the policy's clients."
  }
}
