# One run of the drift reports: BigQuery counts, the bucket keeps. The same as monitoring/deploy/cloud-run-job.yaml, which a
# test holds it to.

locals {
  # What differs between the two logs is all that a run has to be told; the image says the rest.
  tables = merge(
    { PUERTA_EVENTS_TABLE = var.events_table },
    var.labels_table == null || var.labels_table == var.events_table ? {} : { PUERTA_LABELS_TABLE = var.labels_table },
  )
  reports       = "/reports"
  environment   = merge(var.environment, local.tables, { PUERTA_REPORTS_DIR = local.reports })
  mount_options = ["uid=10001", "gid=10001"] # the image's user
}

resource "google_cloud_run_v2_job" "drift" {
  project             = var.project_id
  location            = var.region
  name                = "${var.name}-drift"
  labels              = var.labels
  deletion_protection = var.deletion_protection

  template {
    labels      = var.labels
    task_count  = 1
    parallelism = 1

    template {
      service_account       = google_service_account.drift.email
      execution_environment = "EXECUTION_ENVIRONMENT_GEN2" # buckets can be mounted there
      timeout               = "${var.timeout_seconds}s"
      max_retries           = 1
      encryption_key        = var.kms_key

      containers {
        image = var.image
        # An alert is a result, not a failure: exit code 1 would be a failed task, and run again.
        args = ["drift", "run", "--catch-up", "--exit-zero"]

        dynamic "env" {
          for_each = local.environment

          content {
            name  = env.key
            value = env.value
          }
        }

        resources {
          limits = { cpu = var.cpu, memory = var.memory } # files in /state and /tmp are memory too
        }

        volume_mounts {
          name       = "reports"
          mount_path = local.reports
        }
      }

      volumes {
        name = "reports"

        gcs {
          bucket        = google_storage_bucket.reports.name
          mount_options = local.mount_options
        }
      }

      dynamic "vpc_access" {
        for_each = var.vpc[*]

        content {
          egress = vpc_access.value.egress

          network_interfaces {
            network    = vpc_access.value.network
            subnetwork = vpc_access.value.subnetwork
          }
        }
      }
    }
  }

  # A run that may not read or write yet would fail.
  depends_on = [
    google_bigquery_dataset_iam_member.reader,
    google_project_iam_member.query,
    google_storage_bucket_iam_member.writer,
  ]
}
