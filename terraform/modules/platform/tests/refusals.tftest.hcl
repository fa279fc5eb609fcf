mock_provider "google" {}

mock_provider "google-beta" {}

variables {
  project_id     = "my-project-dev"
  project_number = "123456789012"
  region         = "europe-west1"
  service        = { image = "example.com/service@sha256:0000000000000000000000000000000000000000000000000000000000000000" }

  notification_channels = {
    on_call = { type = "email", labels = { email_address = "on-call@example.com" } }
  }
}

# One run has as many mistakes as don't depend on each other: each of the variables has to refuse its own.
run "names_that_are_none" {
  command = plan

  variables {
    project_id     = "My Project"
    project_number = "my-project-dev"
    region         = "europe-west1-b"
    name           = "puerta-with-a-very-long-name"
    labels         = { Team = "Puerta" }
    gateway        = { key_generations = { nobody = [2] } }
    drift_job      = { image = "example.com/monitoring@sha256:0000000000000000000000000000000000000000000000000000000000000000", console = {} }
  }

  expect_failures = [
    var.project_id, var.project_number, var.region, var.name, var.labels, var.gateway, var.drift_job,
  ]
}

run "replica_without_edge" {
  command = plan

  variables {
    replicas = { us = "us-central1" }
  }

  expect_failures = [var.replicas]
}

run "replica_is_the_first_region" {
  command = plan

  variables {
    replicas = { eu = "europe-west1" }
    edge     = { domain = "predictions.example.com" }
  }

  expect_failures = [var.replicas]
}

run "replica_with_a_long_name" {
  command = plan

  variables {
    replicas = { united-states = "us-central1" }
    edge     = { domain = "predictions.example.com" }
  }

  expect_failures = [var.replicas]
}

run "key_and_network_of_other_places" {
  command = plan

  variables {
    kms_keys = { europe-west1 = "projects/keys/locations/us-central1/keyRings/puerta/cryptoKeys/puerta" }
    vpc      = { us-central1 = { network = "n", subnetwork = "s" } }
  }

  expect_failures = [var.kms_keys, var.vpc]
}

run "key_where_bigquery_s_eu_is_not" {
  command = plan

  variables {
    kms_keys = {
      europe-west1 = "projects/keys/locations/europe-west1/keyRings/puerta/cryptoKeys/puerta"
      EU           = "projects/keys/locations/eu/keyRings/puerta/cryptoKeys/puerta"
    }
    prediction_log = { location = "EU" }
  }

  expect_failures = [var.kms_keys]
}

run "key_missing_for_the_log" {
  command = plan

  variables {
    kms_keys       = { europe-west1 = "projects/keys/locations/europe-west1/keyRings/puerta/cryptoKeys/puerta" }
    prediction_log = { location = "EU" }
  }

  expect_failures = [var.kms_keys]
}
