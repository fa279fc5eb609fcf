# What is refused, each by the variable that it is of.

mock_provider "google" {}

variables {
  project_id     = "my-project"
  project_number = "123456789012"
  region         = "europe-west1"
  image          = "europe-west1-docker.pkg.dev/my-project/puerta/monitoring@sha256:0000000000000000000000000000000000000000000000000000000000000001"
  events_table   = "my-project.puerta.run_googleapis_com_stdout"
  dataset_ids    = ["puerta"]
}

run "image_by_its_tag" {
  command = plan

  variables {
    image   = "europe-west1-docker.pkg.dev/my-project/puerta/monitoring:latest"
    console = { metrics_image = "us-docker.pkg.dev/cloud-ops-agents-artifacts/cloud-run-gmp-sidecar/cloud-run-gmp-sidecar:1.2.0" }
  }

  expect_failures = [var.image, var.console]
}

run "anybody" {
  command = plan

  variables {
    readers = { world = "allUsers" }
    console = {
      metrics_image = "us-docker.pkg.dev/cloud-ops-agents-artifacts/cloud-run-gmp-sidecar/cloud-run-gmp-sidecar@sha256:0000000000000000000000000000000000000000000000000000000000000002"
      invokers      = { world = "allAuthenticatedUsers" }
    }
  }

  expect_failures = [var.readers, var.console]
}

run "tables" {
  command = plan

  variables {
    events_table = "puerta.run_googleapis_com_stdout"
    labels_table = "labels"
    dataset_ids  = ["my-project.puerta"]
  }

  expect_failures = [var.events_table, var.labels_table, var.dataset_ids]
}

run "settings_that_have_variables" {
  command = plan

  variables {
    environment = { PUERTA_REPORTS_DIR = "/tmp" }
  }

  expect_failures = [var.environment]
}

run "amounts" {
  command = plan

  variables {
    cpu             = "3"
    memory          = "512Mi"
    timeout_seconds = 300
    reports         = { soft_delete_days = 3, versions_days = 0 }
  }

  expect_failures = [var.cpu, var.memory, var.timeout_seconds, var.reports]
}

run "times" {
  command = plan

  variables {
    schedule  = "@daily"
    time_zone = "CET"
  }

  expect_failures = [var.schedule, var.time_zone]
}

run "names" {
  command = plan

  variables {
    kms_key        = "puerta"
    name           = "Puerta"
    project_id     = "My Project"
    project_number = "my-project"
    region         = "EU"
    vpc            = { network = "puerta", subnetwork = "puerta", egress = "all-traffic" }
  }

  expect_failures = [var.kms_key, var.name, var.project_id, var.project_number, var.region, var.vpc]
}
