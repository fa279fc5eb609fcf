# Grafana on Cloud Run, without a disk: what it shows comes from the bucket, who looks at it from IAP. Absent where `image` is null:
# an existing Grafana takes the files from the bucket then.

locals {
  enabled = var.image != null
  service = "${var.name}-grafana"
  url     = "https://${local.service}-${var.project_number}.${var.region}.run.app"

  # An apostrophe would end the literal; the variable lets none in.
  admins = join(", ", [for email in sort(var.admins) : "'${email}'"])

  settings = {
    GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES = "false"
    GF_ANALYTICS_CHECK_FOR_UPDATES        = "false"
    GF_ANALYTICS_REPORTING_ENABLED        = "false"
    GF_LOG_CONSOLE_FORMAT                 = "json"
    GF_LOG_MODE                           = "console"
    GF_PATHS_PROVISIONING                 = local.mount
    GF_SECURITY_COOKIE_SECURE             = "true"
    GF_SERVER_ROOT_URL                    = local.url
    GF_UNIFIED_ALERTING_ENABLED           = "false" # Cloud Monitoring alerts
    GF_USERS_ALLOW_SIGN_UP                = "false"

    # Who IAP has let in is who Grafana sees. Without a valid assertion for this very service nobody is anybody.
    GF_AUTH_BASIC_ENABLED           = "false"
    GF_AUTH_DISABLE_LOGIN_FORM      = "true"
    GF_AUTH_JWT_AUTO_SIGN_UP        = "true"
    GF_AUTH_JWT_EMAIL_CLAIM         = "email"
    GF_AUTH_JWT_ENABLED             = "true"
    GF_AUTH_JWT_HEADER_NAME         = "X-Goog-IAP-JWT-Assertion"
    GF_AUTH_JWT_JWK_SET_URL         = "https://www.gstatic.com/iap/verify/public_key-jwk"
    GF_AUTH_JWT_ROLE_ATTRIBUTE_PATH = length(var.admins) == 0 ? "'Viewer'" : "contains([${local.admins}], email) && 'Admin' || 'Viewer'"
    GF_AUTH_JWT_USERNAME_CLAIM      = "email"
    GF_AUTH_JWT_EXPECT_CLAIMS = jsonencode({
      aud = "/projects/${var.project_number}/locations/${var.region}/services/${local.service}"
      iss = "https://cloud.google.com/iap"
    })

    # No account with the password that everybody knows, nor with another.
    GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION = "true"
  }
}

resource "google_cloud_run_v2_service" "grafana" {
  count = local.enabled ? 1 : 0

  project             = var.project_id
  location            = var.region
  name                = local.service
  description         = "Grafana with the project's dashboards, over Managed Prometheus."
  labels              = var.labels
  deletion_protection = var.deletion_protection
  ingress             = "INGRESS_TRAFFIC_ALL" # IAP stands in front
  iap_enabled         = true

  template {
    service_account       = google_service_account.grafana.email
    execution_environment = "EXECUTION_ENVIRONMENT_GEN2" # which can mount a bucket
    encryption_key        = var.kms_key
    timeout               = "120s" # a query of a month takes its time
    labels                = var.labels

    # Dashboards are read anew while it runs, all else only when it starts.
    annotations = {
      "puerta.internal/provisioning" = sha256(jsonencode(local.provisioning))
    }

    # Sessions and users are in the instance: never two. Rules are evaluated all the time.
    scaling {
      min_instance_count = var.rules == null ? var.min_instances : 1
      max_instance_count = 1
    }

    containers {
      name       = "grafana"
      image      = var.image
      depends_on = ["query"]

      ports {
        container_port = 3000
      }

      resources {
        cpu_idle          = var.rules == null
        startup_cpu_boost = true
        limits            = { cpu = var.cpu, memory = var.memory }
      }

      dynamic "env" {
        for_each = local.settings

        content {
          name  = env.key
          value = env.value
        }
      }

      startup_probe {
        initial_delay_seconds = 2
        period_seconds        = 3
        failure_threshold     = 30

        http_get {
          path = "/api/health"
        }
      }

      liveness_probe {
        period_seconds = 30

        http_get {
          path = "/api/health"
        }
      }

      volume_mounts {
        name       = "provisioning"
        mount_path = local.mount
      }
    }

    # Grafana can't sign in at Google for Prometheus' API; this does it for it. It is reached from within the instance alone.
    containers {
      name  = "query"
      image = var.query_image
      args  = ["--web.listen-address=:9090", "--query.project-id=${var.project_id}"]

      resources {
        cpu_idle = var.rules == null
        limits   = { cpu = "1", memory = "256Mi" }
      }

      startup_probe {
        period_seconds    = 2
        failure_threshold = 15

        http_get {
          path = "/-/ready"
          port = 9090
        }
      }
    }

    # What Prometheus would record, written to Managed Prometheus.
    dynamic "containers" {
      for_each = var.rules == null ? [] : [var.rules]

      content {
        name  = "rules"
        image = containers.value.image
        args = [
          "--config.file=${local.mount}/rules/prometheus.yaml",
          "--export.label.location=${var.region}",
          "--export.label.project-id=${var.project_id}",
          "--query.project-id=${var.project_id}",
          "--web.listen-address=:9091",
        ]

        resources {
          cpu_idle = false
          limits   = { cpu = "1", memory = "512Mi" }
        }

        startup_probe {
          period_seconds    = 2
          failure_threshold = 15

          http_get {
            path = "/-/ready"
            port = 9091
          }
        }

        volume_mounts {
          name       = "provisioning"
          mount_path = local.mount
        }
      }
    }

    volumes {
      name = "provisioning"

      gcs {
        bucket        = google_storage_bucket.provisioning.name
        read_only     = true
        mount_options = ["implicit-dirs"] # folders are parts of names there
      }
    }
  }

  depends_on = [
    google_project_iam_member.grafana,
    google_project_iam_member.rules,
    google_storage_bucket_iam_member.grafana,
    google_storage_bucket_object.dashboard,
    google_storage_bucket_object.provisioning,
  ]
}
