mock_provider "google" {}
mock_provider "google-beta" {}

variables {
  project_id = "puerta-test"
}

run "everything_that_the_platform_uses" {
  command = plan

  assert {
    condition = length(setsubtract([
      "apigateway.googleapis.com", "apikeys.googleapis.com", "bigquery.googleapis.com", "cloudscheduler.googleapis.com",
      "iam.googleapis.com", "logging.googleapis.com", "monitoring.googleapis.com", "run.googleapis.com",
      "secretmanager.googleapis.com", "servicecontrol.googleapis.com", "servicemanagement.googleapis.com",
      "storage.googleapis.com", "sts.googleapis.com", "telemetry.googleapis.com",
    ], [for api in google_project_service.api : api.service])) == 0
    error_message = "The default leaves out an API that the platform can't do without."
  }

  assert {
    condition     = alltrue([for api in google_project_service.api : api.disable_on_destroy == false])
    error_message = "An API that is disabled on destroy takes with it what else the project has there."
  }

  assert {
    condition     = alltrue([for api in google_project_service.api : api.project == "puerta-test"])
    error_message = "Every API is enabled in the project that was given."
  }

  assert {
    condition     = length(google_kms_crypto_key_iam_member.agent) + length(google_project_service_identity.agent) == 0
    error_message = "Without a key nobody is granted one, and no agent is made."
  }
}

run "only_those_asked_for" {
  command = plan

  variables {
    apis = ["run.googleapis.com"]
  }

  assert {
    condition     = keys(google_project_service.api) == ["run.googleapis.com"]
    error_message = "Only the APIs that are asked for are enabled."
  }
}

run "each_agent_may_encrypt_with_each_key" {
  command = plan

  variables {
    project_number = "123456789012"
    kms_keys = {
      eu = "projects/puerta-test/locations/europe-west1/keyRings/puerta/cryptoKeys/eu"
      us = "projects/puerta-test/locations/us-central1/keyRings/puerta/cryptoKeys/us"
    }
  }

  assert {
    condition = toset(keys(google_kms_crypto_key_iam_member.agent)) == toset([
      for pair in setproduct(["eu", "us"], ["bigquery", "pubsub", "run", "secretmanager", "storage"]) : "${pair[0]}/${pair[1]}"
    ])
    error_message = "Every agent needs every key: ${join(", ", keys(google_kms_crypto_key_iam_member.agent))}."
  }

  assert {
    condition = google_kms_crypto_key_iam_member.agent["us/run"].member == (
      "serviceAccount:service-123456789012@serverless-robot-prod.iam.gserviceaccount.com"
    ) && endswith(google_kms_crypto_key_iam_member.agent["us/run"].crypto_key_id, "/us")
    error_message = "Cloud Run's own agent is granted the key of its name."
  }

  assert {
    condition = alltrue([
      for grant in google_kms_crypto_key_iam_member.agent : grant.role == "roles/cloudkms.cryptoKeyEncrypterDecrypter"
    ])
    error_message = "An agent may encrypt and decrypt, and no more."
  }
}

run "an_agent_of_an_api_that_is_off_is_left_out" {
  command = plan

  variables {
    apis           = ["cloudkms.googleapis.com", "run.googleapis.com"]
    project_number = "123456789012"
    kms_keys       = { main = "projects/puerta-test/locations/europe-west1/keyRings/puerta/cryptoKeys/main" }
  }

  assert {
    condition     = keys(google_kms_crypto_key_iam_member.agent) == ["main/run"] && keys(google_project_service_identity.agent) == ["run"]
    error_message = "Only agents of APIs that are enabled exist."
  }
}

run "a_name_that_is_no_api_is_refused" {
  command = plan

  variables {
    apis = ["run"]
  }

  expect_failures = [var.apis]
}

run "a_key_that_is_none_is_refused" {
  command = plan

  variables {
    project_number = "123456789012"
    kms_keys       = { main = "my-key" }
  }

  expect_failures = [var.kms_keys]
}

run "a_key_without_the_project_s_number_is_refused" {
  command = plan

  variables {
    kms_keys = { main = "projects/puerta-test/locations/europe-west1/keyRings/puerta/cryptoKeys/main" }
  }

  expect_failures = [var.project_number]
}

run "a_number_that_is_none_is_refused" {
  command = plan

  variables {
    project_number = "puerta-test"
  }

  expect_failures = [var.project_number]
}

run "a_project_that_is_none_is_refused" {
  command = plan

  variables {
    project_id = "Puerta"
  }

  expect_failures = [var.project_id]
}
