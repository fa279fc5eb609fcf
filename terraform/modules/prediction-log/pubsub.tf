# Route "pubsub": entries pass a topic, others may subscribe too, and an entry that does not fit is kept as a dead letter.

locals {
  pubsub    = local.is_pubsub ? { log = "${var.name}-log" } : {}
  functions = local.is_pubsub ? { events = "prediction", labels = "label" } : {} # of row.js, by the table of their rows
}

resource "google_pubsub_topic" "log" {
  for_each = local.pubsub

  project                    = var.project_id
  name                       = each.value
  labels                     = var.labels
  kms_key_name               = var.kms_key
  message_retention_duration = "604800s" # a new subscription may begin a week back
}

resource "google_pubsub_topic" "dead" {
  for_each = local.pubsub

  project      = var.project_id
  name         = "${each.value}-dead"
  labels       = var.labels
  kms_key_name = var.kms_key
}

# A topic keeps nothing that nobody is subscribed to.
resource "google_pubsub_subscription" "dead" {
  for_each = local.pubsub

  project                    = var.project_id
  name                       = "${each.value}-dead"
  topic                      = google_pubsub_topic.dead["log"].id
  labels                     = var.labels
  message_retention_duration = "2678400s" # 31 days, the most that there is

  expiration_policy {
    ttl = "" # for ever; otherwise it is gone after 31 days without a dead letter
  }
}

resource "google_pubsub_subscription" "log" {
  for_each = local.functions

  project                    = var.project_id
  name                       = "${var.name}-${each.key}"
  topic                      = google_pubsub_topic.log["log"].id
  labels                     = var.labels
  message_retention_duration = "604800s"

  bigquery_config {
    table            = "${var.project_id}.${google_bigquery_dataset.log.dataset_id}.${google_bigquery_table.log[each.key].table_id}"
    use_table_schema = true
    # A field that a package does not have yet costs its value, not the prediction.
    drop_unknown_fields = true
  }

  message_transforms {
    javascript_udf {
      function_name = each.value
      code          = file("${path.module}/row.js")
    }
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead["log"].id
    max_delivery_attempts = 20 # three hours of an outage of BigQuery
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  expiration_policy {
    ttl = "" # for ever; otherwise it is gone after 31 days without a prediction
  }

  depends_on = [google_bigquery_table_iam_member.pubsub]
}
