# What is only in logs, as metrics.

locals {
  gateway_resource = "apigateway.googleapis.com/Gateway"

  gateway_metrics = {
    latency  = "${var.name}-gateway-latency"
    requests = "${var.name}-gateway-requests"
  }
  instance_metric_name = "${var.name}-instance-failures"

  # Uptime checks ask all the time and would make up for errors of callers.
  gateway_filter = join(" AND ", [
    "resource.type=\"${local.gateway_resource}\"",
    "resource.labels.gateway_id=\"${var.gateway_name}\"",
    "log_name=\"projects/${var.project_id}/logs/apigateway.googleapis.com%2Frequests\"",
    "NOT httpRequest.userAgent:\"GoogleStackdriverMonitoring-UptimeChecks\"",
  ])

  # Not the client: what the log has of it is the key itself, or the number of the project that all keys belong to.
  route = "REGEXP_EXTRACT(jsonPayload.apiMethod, \"([A-Za-z0-9_]+)$\")"
}

resource "google_logging_metric" "gateway_requests" {
  project     = var.project_id
  name        = local.gateway_metrics.requests
  description = "Requests that the gateway answered, refused ones too."
  filter      = local.gateway_filter

  label_extractors = {
    code  = "EXTRACT(httpRequest.status)"
    route = local.route
  }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"

    labels {
      key         = "code"
      value_type  = "STRING"
      description = "The answer's status."
    }

    labels {
      key         = "route"
      value_type  = "STRING"
      description = "The operation, empty where the policy has none."
    }
  }
}

resource "google_logging_metric" "gateway_latency" {
  project         = var.project_id
  name            = local.gateway_metrics.latency
  description     = "How long callers waited for the gateway, the service's part included."
  filter          = local.gateway_filter
  value_extractor = "EXTRACT(httpRequest.latency)"

  label_extractors = {
    route = local.route
  }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = "s"

    labels {
      key         = "route"
      value_type  = "STRING"
      description = "The operation, empty where the policy has none."
    }
  }

  bucket_options {
    explicit_buckets {
      # 0.4 and 1 are the latency objectives' own.
      bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.7, 1, 2, 5, 10, 15]
    }
  }
}

resource "google_logging_metric" "instance_failures" {
  project     = var.project_id
  name        = local.instance_metric_name
  description = "What Cloud Run has to say of the service's instances that is an error: memory, probes, exits."

  filter = join(" AND ", [
    "resource.type=\"cloud_run_revision\"",
    "resource.labels.service_name=\"${var.service_name}\"",
    "log_name=\"projects/${var.project_id}/logs/run.googleapis.com%2Fvarlog%2Fsystem\"",
    "severity>=ERROR",
  ])

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }
}
