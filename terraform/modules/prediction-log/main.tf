# What the service prints, from Cloud Logging to BigQuery.

locals {
  # A line of the prediction log has `schema`, `id` and `model`, one of the label log no `model`; what else the process
  # prints has no `schema`. No region: services of several regions share one log.
  filter = join("\n", [
    "resource.type=\"cloud_run_revision\"",
    "resource.labels.service_name=\"${var.service_name}\"",
    "log_id(\"run.googleapis.com/stdout\")",
    "jsonPayload.schema=1",
    "jsonPayload.id:*",
  ])

  is_pubsub = var.route == "pubsub"
}

resource "google_bigquery_dataset" "log" {
  project                         = var.project_id
  dataset_id                      = replace(var.name, "-", "_")
  description                     = "Predictions and labels of ${var.service_name}"
  location                        = var.location
  labels                          = var.labels
  default_partition_expiration_ms = local.retention_milliseconds # of tables that a sink makes
  delete_contents_on_destroy      = !var.deletion_protection     # a sink's table is not in the state, and would stay

  # Without this everybody who may look at the project may read what callers sent.
  access {
    role          = "OWNER"
    special_group = "projectOwners"
  }

  dynamic "default_encryption_configuration" {
    for_each = var.kms_key[*]

    content {
      kms_key_name = default_encryption_configuration.value
    }
  }

  lifecycle {
    ignore_changes = [access] # everybody else comes by iam.tf
  }
}

resource "google_logging_project_sink" "log" {
  project                = var.project_id
  name                   = "${var.name}-log"
  description            = "Predictions and labels of ${var.service_name}"
  filter                 = local.filter
  unique_writer_identity = true
  destination = (
    local.is_pubsub
    ? "pubsub.googleapis.com/projects/${var.project_id}/topics/${google_pubsub_topic.log["log"].name}"
    : "bigquery.googleapis.com/projects/${var.project_id}/datasets/${google_bigquery_dataset.log.dataset_id}"
  )

  dynamic "bigquery_options" {
    for_each = local.is_pubsub ? [] : ["partitioned"]

    content {
      use_partitioned_tables = true # one table, and no new one each day
    }
  }

  # An entry that came before its table would have the sink make another.
  depends_on = [google_bigquery_table.stdout]
}

# Everything goes to the bucket _Default as well, where it costs ten times as much and others read it.
resource "google_logging_project_exclusion" "log" {
  for_each = var.keep_in_logging ? {} : { log = "in BigQuery" }

  project     = var.project_id
  name        = "${var.name}-log"
  description = "Predictions and labels of ${var.service_name} are in BigQuery"
  filter      = local.filter
}
