# What is refused, each by the variable that it is of.

mock_provider "google" {}

mock_provider "google-beta" {}

variables {
  project_id = "my-project"
  location   = "EU"
}

run "short_retention" {
  command = plan

  variables {
    retention_days = 63
  }

  expect_failures = [var.retention_days]
}

run "part_of_a_day" {
  command = plan

  variables {
    retention_days = 70.5
  }

  expect_failures = [var.retention_days]
}

run "unknown_route" {
  command = plan

  variables {
    route = "kafka"
  }

  expect_failures = [var.route]
}

run "pubsub_without_columns" {
  command = plan

  variables {
    route = "pubsub"
  }

  expect_failures = [var.manifests]
}

run "no_manifest" {
  command = plan

  variables {
    manifests = { "flight-delay/1" = "{}" }
  }

  expect_failures = [var.manifests]
}

run "one_column_of_two_types" {
  command = plan

  variables {
    manifests = {
      a = "{\"features\": [{\"name\": \"Age\", \"type\": \"number\"}], \"classes\": [0, 1]}"
      b = "{\"features\": [{\"name\": \"age\", \"type\": \"boolean\"}], \"classes\": [0, 1]}"
    }
  }

  expect_failures = [google_bigquery_table.stdout]
}

run "labels_of_two_types" {
  command = plan

  variables {
    route = "pubsub"
    manifests = {
      a = "{\"features\": [{\"name\": \"age\", \"type\": \"number\"}], \"classes\": [0, 1]}"
      b = "{\"features\": [{\"name\": \"age\", \"type\": \"number\"}], \"classes\": [\"late\", \"on time\"]}"
    }
  }

  expect_failures = [google_bigquery_table.log]
}

run "anybody_reads" {
  command = plan

  variables {
    readers = { world = "allAuthenticatedUsers" }
  }

  expect_failures = [var.readers]
}

run "names" {
  command = plan

  variables {
    kms_key      = "puerta"
    location     = "Europe"
    name         = "Puerta"
    project_id   = "My Project"
    service_name = "puerta/1"
  }

  expect_failures = [var.kms_key, var.location, var.name, var.project_id, var.service_name]
}
