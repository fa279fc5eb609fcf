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
  project_id = "my-project-dev"
  region     = "europe-west1"
}

run "safe_places" {
  command = plan

  assert {
    condition = alltrue([for bucket in [google_storage_bucket.state, google_storage_bucket.models] :
      bucket.versioning[0].enabled && bucket.uniform_bucket_level_access && bucket.public_access_prevention == "enforced" && !bucket.force_destroy
    ])
    error_message = "A bucket is not versioned, not private, or could be emptied by Terraform."
  }

  assert {
    condition     = google_artifact_registry_repository.images.docker_config[0].immutable_tags && !google_artifact_registry_repository.images.cleanup_policy_dry_run
    error_message = "Tags can be moved, or nothing is ever cleaned up."
  }

  assert {
    condition     = output.registry == "europe-west1-docker.pkg.dev/my-project-dev/puerta" && output.state_bucket == "my-project-dev-puerta-state"
    error_message = "What the next steps need has another name."
  }

  assert {
    condition     = output.ci == null && length(google_artifact_registry_repository_iam_member.readers) == 0
    error_message = "Somebody was let in who was not named."
  }
}

run "identity_for_the_workflows" {
  command = plan

  variables {
    ci = {
      repository          = "my-company/puerta"
      repository_owner_id = "1234567"
      environments        = { dev = {} }
    }
    readers = { cloud_run = "serviceAccount:service-210987654321@serverless-robot-prod.iam.gserviceaccount.com" }
  }

  assert {
    condition     = output.ci != null
    error_message = "There is no identity."
  }

  assert {
    condition     = google_artifact_registry_repository_iam_member.readers["cloud_run"].role == "roles/artifactregistry.reader"
    error_message = "Another project may do more than pull images."
  }
}

run "key_of_ones_own" {
  command = plan

  variables {
    kms_key = "projects/keys/locations/europe-west1/keyRings/puerta/cryptoKeys/puerta"
  }

  assert {
    condition     = google_storage_bucket.state.encryption[0].default_kms_key_name == var.kms_key && google_artifact_registry_repository.images.kms_key_name == var.kms_key
    error_message = "The key is not used."
  }
}

run "public_reader" {
  command = plan

  variables {
    readers = { everybody = "allUsers" }
  }

  expect_failures = [var.readers]
}

run "few_images" {
  command = plan

  variables {
    images_kept = 1
  }

  expect_failures = [var.images_kept]
}

run "key_that_is_none" {
  command = plan

  variables {
    kms_key = "puerta"
  }

  expect_failures = [var.kms_key]
}

run "wrong_identity" {
  command = plan

  variables {
    project_id = "My Project"
    region     = "europe-west1-b"
    name       = "X"
    labels     = { Team = "x" }
  }

  expect_failures = [var.project_id, var.region, var.name, var.labels]
}

run "name_too_long_for_an_account" {
  command = plan

  variables {
    name = "puerta-predictions-x" # 20; NAME-ci-deploy may have 30
  }

  expect_failures = [var.name]
}

run "longest_name" {
  command = plan

  variables {
    name = "puerta-predictions1" # 19
    ci = {
      repository          = "my-company/puerta"
      repository_owner_id = "1234567"
      environments        = { dev = {} }
    }
  }

  assert {
    condition     = length(module.ci) == 1
    error_message = "The workflows' accounts can't be called after the longest name."
  }
}
