locals {
  api_port     = 8001
  metrics_port = 9101
  models_path  = "/models"
  user         = 10001 # of service/Dockerfile

  # What the service is told because of how it runs here; nobody else may set these.
  settings = merge(
    {
      PUERTA_HOST         = "0.0.0.0"
      PUERTA_METRICS_PORT = tostring(local.metrics_port)
      # Cloud Logging takes each line as an entry, and a sink carries them to BigQuery. A file would be memory here.
      PUERTA_EVENTS_DIR = "-"
      PUERTA_LABELS_DIR = "-"
      # Cloud Run holds back what is more; the service refuses nothing that was let through.
      PUERTA_MAX_CONCURRENCY = tostring(var.concurrency)
      # Together below the 10 s between SIGTERM and SIGKILL.
      PUERTA_DRAIN_SECONDS = "3"
      PUERTA_GRACE_SECONDS = "6"
    },
    var.models == null ? {} : { PUERTA_MODELS_DIR = local.models_path },
    var.traces == null ? {} : {
      PUERTA_OTLP_ENDPOINT = "http://127.0.0.1:${local.otlp_port}/v1/traces"
      PUERTA_TRACE_RATIO   = tostring(var.trace_ratio)
    },
  )

  # Sidecars scrape and send while no request is under way, too. All containers of an instance have the same rule.
  cpu_idle = length(local.sidecars) == 0
}

resource "google_cloud_run_v2_service" "service" {
  project     = var.project_id
  location    = var.region
  name        = var.name
  description = var.description
  labels      = var.labels

  # Whoever comes from wherever: it is IAM that lets nobody in but the invokers.
  ingress              = var.ingress
  invoker_iam_disabled = false
  custom_audiences     = var.custom_audiences
  deletion_protection  = var.deletion_protection

  template {
    labels                           = var.labels
    service_account                  = google_service_account.service.email
    encryption_key                   = var.kms_key
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2" # buckets are mounted there only, and system calls are cheaper
    max_instance_request_concurrency = var.concurrency
    timeout                          = "${var.timeout_seconds}s"

    # By revision: a canary has warm instances of its own.
    scaling {
      min_instance_count = var.scaling.min
      max_instance_count = var.scaling.max
    }

    containers {
      name  = "service"
      image = var.image

      # Cloud Run sends requests to this port and to no other of the instance.
      ports {
        container_port = local.api_port
      }

      resources {
        cpu_idle          = local.cpu_idle
        startup_cpu_boost = true
        limits = {
          cpu    = var.cpu
          memory = var.memory
        }
      }

      dynamic "env" {
        for_each = merge(var.environment, local.settings)

        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = var.secrets

        content {
          name = env.key

          value_source {
            secret_key_ref {
              secret  = env.value.secret
              version = env.value.version
            }
          }
        }
      }

      # The metrics port: it is opened last, when models are loaded and all routes are there, and what is asked there is
      # in no metric.
      startup_probe {
        period_seconds    = 1
        timeout_seconds   = 1
        failure_threshold = 60

        http_get {
          path = "/health/ready"
          port = local.metrics_port
        }
      }

      # Answered by the same event loop as predictions: what hangs there does not answer here.
      liveness_probe {
        period_seconds    = 10
        timeout_seconds   = 5
        failure_threshold = 3

        http_get {
          path = "/health/live"
          port = local.metrics_port
        }
      }

      dynamic "volume_mounts" {
        for_each = var.models == null ? [] : [local.models_path]

        content {
          name       = "models"
          mount_path = volume_mounts.value
        }
      }
    }

    dynamic "containers" {
      for_each = local.sidecars

      content {
        name       = containers.key
        image      = containers.value.image
        args       = containers.value.args
        depends_on = ["service"]

        resources {
          cpu_idle = false
          limits = {
            cpu    = containers.value.cpu
            memory = containers.value.memory
          }
        }

        dynamic "liveness_probe" {
          for_each = containers.value.liveness == null ? [] : [containers.value.liveness]

          content {
            period_seconds    = 30
            timeout_seconds   = 30
            failure_threshold = 3

            http_get {
              path = liveness_probe.value.path
              port = liveness_probe.value.port
            }
          }
        }

        volume_mounts {
          name       = "${containers.key}-configuration"
          mount_path = containers.value.folder
        }
      }
    }

    # Read-only, and of the bucket only the folder of this version.
    dynamic "volumes" {
      for_each = var.models == null ? [] : [var.models]

      content {
        name = "models"

        gcs {
          bucket        = volumes.value.bucket
          read_only     = true
          mount_options = ["only-dir=${volumes.value.prefix}", "implicit-dirs", "uid=${local.user}", "gid=${local.user}"]
        }
      }
    }

    dynamic "volumes" {
      for_each = local.sidecars

      content {
        name = "${volumes.key}-configuration"

        secret {
          secret       = google_secret_manager_secret.configuration[volumes.key].secret_id
          default_mode = 292 # 0444

          items {
            path    = "config.yaml"
            version = google_secret_manager_secret_version.configuration[volumes.key].version
          }
        }
      }
    }

    dynamic "vpc_access" {
      for_each = var.vpc == null ? [] : [var.vpc]

      content {
        egress = vpc_access.value.egress

        network_interfaces {
          network    = vpc_access.value.network
          subnetwork = vpc_access.value.subnetwork
          tags       = vpc_access.value.tags
        }
      }
    }
  }

  # Of the first revision. How traffic is split from then on is the canary's to say: see ignore_changes.
  traffic {
    type    = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
    percent = 100
  }

  lifecycle {
    ignore_changes = [client, client_version, traffic]

    precondition {
      condition     = length("${var.name}-${var.project_number}") <= 63
      error_message = "name: ${var.name} came, expected fewer letters: with the project's number it is a host name of at most 63."
    }
  }

  # A revision whose account may not read its secrets or its models is refused.
  depends_on = [
    google_secret_manager_secret_iam_member.configuration,
    google_secret_manager_secret_iam_member.secret,
    google_storage_bucket_iam_member.models,
  ]
}
