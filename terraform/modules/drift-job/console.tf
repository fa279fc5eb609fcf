# Optional: the console, which serves the reports to people, and their metrics (drift_*, quality_*, label_*) to Managed
# Prometheus. It makes no reports. A job ends before anybody can scrape it, so that without this no drift alert can fire.

locals {
  console      = var.console == null ? {} : { console = var.console }
  console_name = "${var.name}-console"
  console_host = "${local.console_name}-${var.project_number}.${var.region}.run.app"
  metrics_port = 8080 # where the metrics sidecar looks when nobody tells it where
}

resource "google_service_account" "console" {
  for_each = local.console

  project      = var.project_id
  account_id   = local.console_name
  display_name = "Console: reads the reports, writes their metrics"
}

resource "google_storage_bucket_iam_member" "console" {
  for_each = local.console

  bucket = google_storage_bucket.reports.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.console[each.key].member
}

resource "google_project_iam_member" "console" {
  for_each = var.console == null ? toset([]) : toset(["roles/logging.logWriter", "roles/monitoring.metricWriter"])

  project = var.project_id
  role    = each.value
  member  = google_service_account.console["console"].member
}

resource "google_cloud_run_v2_service" "console" {
  for_each = local.console

  project             = var.project_id
  location            = var.region
  name                = local.console_name
  description         = "Drift reports, for people and for Managed Prometheus"
  labels              = var.labels
  deletion_protection = var.deletion_protection

  template {
    labels                = var.labels
    service_account       = google_service_account.console[each.key].email
    execution_environment = "EXECUTION_ENVIRONMENT_GEN2"
    encryption_key        = var.kms_key

    # One, always: what nobody scrapes is missing to the alerts.
    scaling {
      min_instance_count = 1
      max_instance_count = 1
    }

    containers {
      name  = "console"
      image = var.image
      args  = ["schedule"]

      env {
        name  = "PUERTA_DRIFT_SCHEDULE"
        value = "-"
      }
      env {
        name  = "PUERTA_REPORTS_DIR"
        value = local.reports
      }
      env {
        name  = "PUERTA_MONITORING_METRICS_PORT"
        value = tostring(local.metrics_port)
      }
      env {
        name  = "PUERTA_CONSOLE_NAMES"
        value = "${local.console_host},localhost,127.0.0.1" # the last two for `gcloud run services proxy`
      }

      ports {
        container_port = 8090
      }

      resources {
        cpu_idle = false # it is scraped while nobody asks
        limits   = { cpu = "1", memory = "512Mi" }
      }

      startup_probe {
        http_get {
          path = "/health/ready"
          port = local.metrics_port
        }
      }

      liveness_probe {
        period_seconds = 30

        http_get {
          path = "/health/live"
          port = local.metrics_port
        }
      }

      volume_mounts {
        name       = "reports"
        mount_path = local.reports
      }
    }

    containers {
      name       = "metrics"
      image      = each.value.metrics_image
      depends_on = ["console"]

      resources {
        cpu_idle = false
        limits   = { cpu = "500m", memory = "256Mi" }
      }

      liveness_probe {
        period_seconds = 30

        http_get {
          path = "/liveness"
          port = 13133
        }
      }
    }

    volumes {
      name = "reports"

      gcs {
        bucket        = google_storage_bucket.reports.name
        read_only     = true
        mount_options = local.mount_options
      }
    }
  }

  depends_on = [google_storage_bucket_iam_member.console]
}

resource "google_cloud_run_v2_service_iam_member" "console" {
  for_each = var.console == null ? {} : var.console.invokers

  project  = var.project_id
  location = var.region
  name     = google_cloud_run_v2_service.console["console"].name
  role     = "roles/run.invoker"
  member   = each.value
}
