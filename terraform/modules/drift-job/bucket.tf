# The reports. What is old a run deletes itself (PUERTA_REPORTS_KEEP_DAYS); here only what was replaced or deleted ends.

resource "google_storage_bucket" "reports" {
  project                     = var.project_id
  name                        = coalesce(var.reports.bucket, "${var.project_id}-${var.name}-reports")
  location                    = coalesce(var.reports.location, var.region)
  labels                      = var.labels
  force_destroy               = !var.deletion_protection
  public_access_prevention    = "enforced"
  uniform_bucket_level_access = true

  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = var.reports.soft_delete_days * 24 * 60 * 60
  }

  # Pages and `latest.json` are written anew with each run.
  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      days_since_noncurrent_time = var.reports.versions_days
      with_state                 = "ARCHIVED"
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }

    condition {
      age = 1
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key[*]

    content {
      default_kms_key_name = encryption.value
    }
  }
}
