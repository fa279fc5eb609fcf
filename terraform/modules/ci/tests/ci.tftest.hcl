mock_provider "google" {
  override_resource {
    target = google_service_account.plan
    values = {
      email  = "puerta-ci-plan@my-project-dev.iam.gserviceaccount.com"
      member = "serviceAccount:puerta-ci-plan@my-project-dev.iam.gserviceaccount.com"
      name   = "projects/my-project-dev/serviceAccounts/puerta-ci-plan@my-project-dev.iam.gserviceaccount.com"
    }
  }

  override_resource {
    target = google_service_account.deploy
    values = {
      email  = "puerta-ci-deploy@my-project-dev.iam.gserviceaccount.com"
      member = "serviceAccount:puerta-ci-deploy@my-project-dev.iam.gserviceaccount.com"
      name   = "projects/my-project-dev/serviceAccounts/puerta-ci-deploy@my-project-dev.iam.gserviceaccount.com"
    }
  }

  mock_resource "google_iam_workload_identity_pool" {
    defaults = {
      name = "projects/123456789012/locations/global/workloadIdentityPools/puerta-github"
    }
  }
}

variables {
  project_id          = "my-project-dev"
  repository          = "my-company/puerta"
  repository_owner_id = "1234567"
  environments        = { dev = {} }
  state_bucket        = "my-project-dev-puerta-state"
  artifact_repository = { location = "europe-west1", repository_id = "puerta" }
}

run "trust" {
  command = plan

  assert {
    condition     = google_iam_workload_identity_pool_provider.github.oidc[0].issuer_uri == "https://token.actions.githubusercontent.com"
    error_message = "Only GitHub's tokens are taken."
  }

  assert {
    condition = google_iam_workload_identity_pool_provider.github.attribute_condition == join(" && ", [
      "assertion.repository_owner_id == '1234567'",
      "assertion.repository == 'my-company/puerta'",
      "(assertion.event_name == 'pull_request' || (assertion.event_name in ['push', 'workflow_dispatch'] && ((assertion.environment == 'dev' && (assertion.ref == 'refs/heads/main')))))",
    ])
    error_message = "The owner's number, the repository, and for a deployment the environment with its ref must hold."
  }

  assert {
    condition     = google_iam_workload_identity_pool_provider.github.attribute_mapping["attribute.identity"] == "assertion.event_name == 'pull_request' ? 'plan' : 'deploy'"
    error_message = "Which identity it is must follow from the event, never from something that a pull request can write."
  }
}

run "refs_by_environment" {
  command = plan

  variables {
    environments = { dev = {}, prod = { refs = ["refs/tags/v*", "refs/heads/release"] } }
  }

  assert {
    condition = endswith(google_iam_workload_identity_pool_provider.github.attribute_condition, join(" || ", [
      "((assertion.environment == 'dev' && (assertion.ref == 'refs/heads/main'))",
      "(assertion.environment == 'prod' && (assertion.ref.startsWith('refs/tags/v')",
      "assertion.ref == 'refs/heads/release')))))",
    ]))
    error_message = "Each environment deploys from its own refs alone."
  }
}

run "two_identities" {
  command = apply

  assert {
    condition     = google_service_account_iam_member.plan.member == "principalSet://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/puerta-github/attribute.identity/plan"
    error_message = "Only pull requests may become the planning account."
  }

  assert {
    condition     = google_service_account_iam_member.deploy.member == "principalSet://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/puerta-github/attribute.identity/deploy"
    error_message = "Only what is no pull request may become the deploying account."
  }

  assert {
    condition     = google_service_account.plan.account_id == "puerta-ci-plan" && google_service_account.deploy.account_id == "puerta-ci-deploy"
    error_message = "The accounts are called after what they do."
  }

  assert {
    condition     = google_storage_bucket_iam_member.plan.role == "roles/storage.objectViewer" && google_storage_bucket_iam_member.deploy.role == "roles/storage.objectUser"
    error_message = "The planning account only reads the state; neither has more than objects."
  }

  assert {
    condition     = output.workload_identity_provider == google_iam_workload_identity_pool_provider.github.name
    error_message = "The workflows are told the provider's full name."
  }
}

run "least_privilege" {
  command = apply

  assert {
    condition     = toset(values(google_project_iam_member.plan)[*].member) == toset([google_service_account.plan.member]) && google_storage_bucket_iam_member.plan.member == google_service_account.plan.member
    error_message = "What the planning account has is its own alone."
  }

  assert {
    condition     = toset(concat(values(google_project_iam_member.deploy), [google_project_iam_member.grant, google_project_iam_member.buckets])[*].member) == toset([google_service_account.deploy.member])
    error_message = "Whoever plans gets nothing that deploys."
  }

  assert {
    condition     = alltrue([for member in google_project_iam_member.plan : can(regex("([vV]iewer|securityReviewer|serviceUsageConsumer)$", member.role))])
    error_message = "The planning account looks and changes nothing."
  }

  assert {
    condition     = length(setintersection([for member in concat(values(google_project_iam_member.plan), values(google_project_iam_member.deploy)) : member.role], ["roles/owner", "roles/editor", "roles/viewer"])) == 0
    error_message = "No basic role."
  }

  assert {
    condition     = alltrue([for member in google_project_iam_member.deploy : !can(regex("^roles/(iam[.](workload|security|serviceAccountAdmin|serviceAccountToken)|resourcemanager|storage)", member.role))])
    error_message = "Without a condition the deploying account neither grants roles, nor opens every bucket, nor lets anybody into an account, nor touches the trust in GitHub."
  }

  assert {
    condition     = google_project_iam_member.grant.condition[0].expression == "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly(['roles/bigquery.jobUser', 'roles/logging.logWriter', 'roles/monitoring.metricWriter', 'roles/monitoring.viewer', 'roles/telemetry.tracesWriter'])"
    error_message = "It grants the platform's roles and no other."
  }

  assert {
    condition     = google_project_iam_member.buckets.condition[0].expression == "!resource.name.startsWith('projects/_/buckets/my-project-dev-puerta-state')"
    error_message = "The state's bucket is not its own."
  }

  assert {
    condition     = keys(google_artifact_registry_repository_iam_member.deploy) == ["images"] && google_artifact_registry_repository_iam_member.deploy["images"].role == "roles/artifactregistry.writer"
    error_message = "It pushes images, and deletes none."
  }
}

run "no_registry_here" {
  command = plan

  variables {
    artifact_repository = null
  }

  assert {
    condition     = length(google_artifact_registry_repository_iam_member.deploy) == 0
    error_message = "Where no image is pushed nothing is granted."
  }
}

run "refuses_every_ref" {
  command = plan
  variables {
    environments = { dev = { refs = ["*"] } }
  }
  expect_failures = [var.environments]
}

run "refuses_pull_requests_as_refs" {
  command = plan
  variables {
    environments = { dev = { refs = ["refs/pull/*"] } }
  }
  expect_failures = [var.environments]
}

run "refuses_no_environment" {
  command = plan
  variables {
    environments = {}
  }
  expect_failures = [var.environments]
}

run "refuses_to_grant_an_admin_role" {
  command = plan
  variables {
    grantable_roles = ["roles/resourcemanager.projectIamAdmin"]
  }
  expect_failures = [var.grantable_roles]
}

run "refuses_to_grant_impersonation" {
  command = plan
  variables {
    grantable_roles = ["roles/iam.serviceAccountTokenCreator"]
  }
  expect_failures = [var.grantable_roles]
}

run "refuses_too_many_roles" {
  command = plan
  variables {
    grantable_roles = [for number in range(11) : "roles/logging.viewer${substr("abcdefghijk", number, 1)}"]
  }
  expect_failures = [var.grantable_roles]
}

run "refuses_the_owners_name_as_id" {
  command = plan
  variables {
    repository_owner_id = "my-company"
  }
  expect_failures = [var.repository_owner_id]
}

run "refuses_a_quote_in_the_repository" {
  command = plan
  variables {
    repository = "my-company/puerta' || 'a' == 'a"
  }
  expect_failures = [var.repository]
}

run "refuses_a_repository_without_owner" {
  command = plan
  variables {
    repository = "puerta"
  }
  expect_failures = [var.repository]
}

run "refuses_a_bucket_with_scheme" {
  command = plan
  variables {
    state_bucket = "gs://state"
  }
  expect_failures = [var.state_bucket]
}

run "refuses_a_long_name" {
  command = plan
  variables {
    name = "a-name-that-is-too-long"
  }
  expect_failures = [var.name]
}

run "refuses_a_project_number_as_id" {
  command = plan
  variables {
    project_id = "123456789012"
  }
  expect_failures = [var.project_id]
}
