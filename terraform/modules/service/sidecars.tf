locals {
  otlp_port = 4318

  # The names of the metrics stay as the service has them. `job` is the document's name, `namespace` the service's, and the
  # rules and alerts of slo/ look for both; `revision_name` is what a canary compares. Rules assume 30 s.
  run_monitoring = {
    apiVersion = "monitoring.googleapis.com/v1beta"
    kind       = "RunMonitoring"
    metadata   = { name = "service" }
    spec = {
      endpoints    = [{ port = local.metrics_port, path = "/metrics", interval = "30s", timeout = "10s" }]
      targetLabels = { metadata = ["revision"] }
    }
  }

  # OTLP over HTTP on loopback, as the service speaks it, and on to Google with the service's own account.
  collector = {
    receivers = { otlp = { protocols = { http = { endpoint = "127.0.0.1:${local.otlp_port}" } } } }
    processors = {
      memory_limiter    = { check_interval = "1s", limit_percentage = 75, spike_limit_percentage = 20 }
      resourcedetection = { detectors = ["gcp"], timeout = "10s" }
      # Without it the endpoint refuses a span.
      resource = { attributes = [{ key = "gcp.project_id", value = var.project_id, action = "upsert" }] }
      batch    = { send_batch_max_size = 200, send_batch_size = 200, timeout = "5s" }
    }
    exporters = {
      otlphttp = {
        auth     = { authenticator = "googleclientauth" }
        encoding = "proto"
        endpoint = "https://telemetry.googleapis.com"
      }
    }
    extensions = { googleclientauth = {} }
    service = {
      extensions = ["googleclientauth"]
      pipelines = {
        traces = {
          receivers  = ["otlp"]
          processors = ["memory_limiter", "resourcedetection", "resource", "batch"]
          exporters  = ["otlphttp"]
        }
      }
      # Its own metrics would want a port that the metrics sidecar, in the same network, may have.
      telemetry = { metrics = { level = "none" } }
    }
  }

  sidecars = merge(
    var.metrics == null ? {} : {
      metrics = {
        image         = var.metrics.image
        cpu           = var.metrics.cpu
        memory        = var.metrics.memory
        args          = null
        folder        = "/etc/rungmp"
        liveness      = { path = "/liveness", port = 13133 }
        configuration = yamlencode(local.run_monitoring)
      }
    },
    var.traces == null ? {} : {
      traces = {
        image  = var.traces.image
        cpu    = var.traces.cpu
        memory = var.traces.memory
        args   = ["--config=/etc/otelcol-google/config.yaml"]
        folder = "/etc/otelcol-google"
        # An instance is not ended because its traces are not sent: the service counts them as lost.
        liveness      = null
        configuration = yamlencode(local.collector)
      }
    },
  )
}

# Nothing in it is secret; a secret's version is how Cloud Run gives a container a file.
resource "google_secret_manager_secret" "configuration" {
  for_each = local.sidecars

  project   = var.project_id
  secret_id = "${local.global_name}-${each.key}"
  labels    = var.labels

  # In the service's region, so that one key serves both.
  replication {
    user_managed {
      replicas {
        location = var.region

        dynamic "customer_managed_encryption" {
          for_each = var.kms_key == null ? [] : [var.kms_key]

          content {
            kms_key_name = customer_managed_encryption.value
          }
        }
      }
    }
  }
}

resource "google_secret_manager_secret_version" "configuration" {
  for_each = local.sidecars

  secret = google_secret_manager_secret.configuration[each.key].id

  # Write-only: to refresh the other argument is to read the payload, which who only plans may not. Another number makes another version.
  secret_data_wo         = each.value.configuration
  secret_data_wo_version = parseint(substr(sha256(each.value.configuration), 0, 7), 16)

  # Older revisions name older versions, and could not start another instance, nor be gone back to, without them.
  deletion_policy = "ABANDON"
}
