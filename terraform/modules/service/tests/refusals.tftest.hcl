# What the variables refuse, each for its own reason.

mock_provider "google" {}

variables {
  project_id     = "puerta-test"
  project_number = "123456789012"
  region         = "europe-west1"
  image          = "europe-west1-docker.pkg.dev/puerta-test/puerta/service@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  invokers       = { gateway = "serviceAccount:puerta-gateway@puerta-test.iam.gserviceaccount.com" }
}

run "everybody" {
  command = plan

  variables {
    invokers = { everybody = "allUsers" }
  }

  expect_failures = [var.invokers]
}

run "everybody_with_an_account" {
  command = plan

  variables {
    invokers = { everybody = "allAuthenticatedUsers" }
  }

  expect_failures = [var.invokers]
}

run "an_invoker_without_a_kind" {
  command = plan

  variables {
    invokers = { gateway = "puerta-gateway@puerta-test.iam.gserviceaccount.com" }
  }

  expect_failures = [var.invokers]
}

run "an_image_by_tag" {
  command = plan

  variables {
    image = "europe-west1-docker.pkg.dev/puerta-test/puerta/service:1"
  }

  expect_failures = [var.image]
}

run "an_image_by_nothing" {
  command = plan

  variables {
    image = "europe-west1-docker.pkg.dev/puerta-test/puerta/service"
  }

  expect_failures = [var.image]
}

run "a_metrics_sidecar_by_tag" {
  command = plan

  variables {
    metrics = { image = "us-docker.pkg.dev/google/metrics:latest" }
  }

  expect_failures = [var.metrics]
}

run "a_traces_sidecar_by_tag" {
  command = plan

  variables {
    traces = { image = "us-docker.pkg.dev/google/traces:0.141.0" }
  }

  expect_failures = [var.traces]
}

run "the_latest_of_a_secret" {
  command = plan

  variables {
    secrets = { PUERTA_OTLP_HEADERS = { secret = "headers", version = "latest" } }
  }

  expect_failures = [var.secrets]
}

run "a_secret_that_is_none" {
  command = plan

  variables {
    secrets = { PUERTA_OTLP_HEADERS = { secret = "a b", version = "1" } }
  }

  expect_failures = [var.secrets]
}

run "a_secret_in_plain_text" {
  command = plan

  variables {
    environment = { PUERTA_OTLP_HEADERS = "authorization=Bearer%20x" }
  }

  expect_failures = [var.environment]
}

run "a_token_that_only_callers_could_send" {
  command = plan

  variables {
    environment = { PUERTA_GATEWAY_TOKEN = "x" }
  }

  expect_failures = [var.environment]
}

run "a_setting_that_comes_twice" {
  command = plan

  variables {
    environment = { PUERTA_LOG_LEVEL = "info" }
    secrets     = { PUERTA_LOG_LEVEL = { secret = "level", version = "1" } }
  }

  expect_failures = [var.secrets]
}

run "a_setting_that_the_module_makes" {
  command = plan

  variables {
    environment = { PUERTA_EVENTS_DIR = "/tmp/events" }
  }

  expect_failures = [var.environment]
}

run "another_port" {
  command = plan

  variables {
    environment = { PORT = "80" }
  }

  expect_failures = [var.environment]
}

run "a_number_of_requests_that_is_none" {
  command = plan

  variables {
    concurrency = 0
  }

  expect_failures = [var.concurrency]
}

run "half_a_cpu" {
  command = plan

  variables {
    cpu = "500m"
  }

  expect_failures = [var.cpu]
}

run "less_memory_than_the_objective_needs" {
  command = plan

  variables {
    memory = "256Mi"
  }

  expect_failures = [var.memory]
}

run "memory_in_another_unit" {
  command = plan

  variables {
    memory = "512M"
  }

  expect_failures = [var.memory]
}

run "an_audience_that_is_no_url" {
  command = plan

  variables {
    custom_audiences = ["predictions.example.com"]
  }

  expect_failures = [var.custom_audiences]
}

run "a_global_name_that_is_too_long" {
  command = plan

  variables {
    global_name = "puerta-northamerica-northeast1"
  }

  expect_failures = [var.global_name]
}

run "an_ingress_that_there_is_not" {
  command = plan

  variables {
    ingress = "all"
  }

  expect_failures = [var.ingress]
}

run "a_key_that_is_none" {
  command = plan

  variables {
    kms_key = "my-key"
  }

  expect_failures = [var.kms_key]
}

run "a_key_of_another_region" {
  command = plan

  variables {
    kms_key = "projects/puerta-test/locations/us-central1/keyRings/puerta/cryptoKeys/puerta"
  }

  expect_failures = [var.kms_key]
}

run "a_bucket_as_a_url" {
  command = plan

  variables {
    models = { bucket = "gs://puerta-test-models", prefix = "models/2026-11-01" }
  }

  expect_failures = [var.models]
}

run "models_without_a_version" {
  command = plan

  variables {
    models = { bucket = "puerta-test-models", prefix = "models/latest" }
  }

  expect_failures = [var.models]
}

run "models_with_a_slash_at_the_end" {
  command = plan

  variables {
    models = { bucket = "puerta-test-models", prefix = "models/2026-11-01/" }
  }

  expect_failures = [var.models]
}

run "a_name_that_is_none" {
  command = plan

  variables {
    name = "Puerta"
  }

  expect_failures = [var.name]
}

run "a_project_that_is_none" {
  command = plan

  variables {
    project_id = "Puerta"
  }

  expect_failures = [var.project_id]
}

run "a_project_number_that_is_none" {
  command = plan

  variables {
    project_number = "puerta-test"
  }

  expect_failures = [var.project_number]
}

run "a_zone_as_a_region" {
  command = plan

  variables {
    region = "europe-west1-b"
  }

  expect_failures = [var.region]
}

run "more_instances_at_least_than_at_most" {
  command = plan

  variables {
    scaling = { min = 3, max = 2 }
  }

  expect_failures = [var.scaling]
}

run "a_timeout_that_is_none" {
  command = plan

  variables {
    timeout_seconds = 0
  }

  expect_failures = [var.timeout_seconds]
}

run "a_ratio_that_is_none" {
  command = plan

  variables {
    trace_ratio = 2
  }

  expect_failures = [var.trace_ratio]
}

run "a_network_s_egress_that_there_is_not" {
  command = plan

  variables {
    vpc = { network = "n", subnetwork = "s", egress = "ALL" }
  }

  expect_failures = [var.vpc]
}

run "a_token_that_only_callers_could_send_as_a_secret" {
  command = plan

  variables {
    secrets = { PUERTA_GATEWAY_TOKEN = { secret = "token", version = "1" } }
  }

  expect_failures = [var.secrets]
}

run "four_cpus_with_little_memory" {
  command = plan

  variables {
    cpu = "4"
  }

  expect_failures = [var.memory]
}
