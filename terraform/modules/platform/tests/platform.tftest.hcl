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

  service = {
    image   = "europe-west1-docker.pkg.dev/my-project-dev/puerta/service@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    metrics = { image = "example.com/metrics@sha256:0000000000000000000000000000000000000000000000000000000000000000" }
  }

  notification_channels = {
    on_call = { type = "email", labels = { email_address = "on-call@example.com" } }
  }
}

run "least" {
  command = plan

  assert {
    condition     = output.service_url == "https://puerta-123456789012.europe-west1.run.app" && output.service_name == "puerta"
    error_message = "The service has another name or URL than the gateway's document and the alerts know it by."
  }

  # Written twice, because the gateway's document names the service and the service names the gateway's account.
  assert {
    condition     = alltrue([for region, url in local.service_urls : module.service[region].service_url == url])
    error_message = "The URL that the gateway is told is not the service's."
  }

  assert {
    condition     = toset(keys(module.gateway.keys)) == toset([for client in keys(jsondecode(file("../../../gateway-config/generated/clients.auto.tfvars.json")).clients) : "${client}-g1"])
    error_message = "The keys are not those of the policy's clients, one of the first generation each."
  }

  assert {
    condition     = length(module.edge) + length(module.grafana) + length(module.drift_job) == 0
    error_message = "A part that was not asked for is there."
  }

  assert {
    condition     = length([for name in keys(module.observability.left_out) : name if startswith(name, "Drift")]) > 0
    error_message = "Alerts on drift are there though nothing writes their metrics."
  }

  assert {
    condition     = length(module.observability.slo_ids) == 0
    error_message = "Google's SLOs are asked for before there are metrics."
  }
}

run "everything" {
  command = plan

  variables {
    replicas       = { us = "us-central1" }
    edge           = { domain = "predictions.example.com" }
    grafana        = { image = "docker.io/grafana/grafana@sha256:0000000000000000000000000000000000000000000000000000000000000000", query_image = "example.com/frontend@sha256:0000000000000000000000000000000000000000000000000000000000000000" }
    drift_job      = { image = "example.com/monitoring@sha256:0000000000000000000000000000000000000000000000000000000000000000", console = {} }
    prediction_log = { location = "EU", route = "pubsub" }
    observability  = { slos = true }
    gateway        = { key_generations = { example-airline = [1, 2] } }
    kms_keys = {
      europe-west1 = "projects/keys/locations/europe-west1/keyRings/puerta/cryptoKeys/puerta"
      us-central1  = "projects/keys/locations/us-central1/keyRings/puerta/cryptoKeys/puerta"
      EU           = "projects/keys/locations/europe/keyRings/puerta/cryptoKeys/puerta"
    }
  }

  assert {
    condition     = toset(keys(module.service)) == toset(["europe-west1", "us-central1"]) && alltrue([for service in values(module.service) : service.service_name == "puerta"])
    error_message = "There is no service of the same name in each region."
  }

  assert {
    condition     = toset(keys(module.gateway.gateways)) == toset(["europe-west1", "us-central1"])
    error_message = "There is no gateway in each region."
  }

  assert {
    condition     = toset(keys(module.gateway.keys)) == toset(["example-airline-g1", "example-airline-g2"])
    error_message = "A client does not have both generations while its key is being changed."
  }

  assert {
    condition     = output.edge.url == "https://predictions.example.com"
    error_message = "The edge has another URL."
  }

  assert {
    condition     = length([for name in keys(module.observability.left_out) : name if startswith(name, "Drift")]) == 0
    error_message = "Alerts on drift are left out though the console writes their metrics."
  }

  assert {
    condition     = length(module.observability.slo_ids) > 0
    error_message = "Google's SLOs are missing."
  }
}

run "edge_is_open_only_when_said" {
  command = plan

  variables {
    edge = { domain = "predictions.example.com", accept_any_address = true }
  }

  assert {
    condition     = length(local.client_ranges) == 0
    error_message = "The edge has a list of networks though everybody may come."
  }
}
