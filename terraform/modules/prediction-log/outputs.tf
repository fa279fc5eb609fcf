output "dataset_id" {
  description = "The dataset, for whoever is to read it."
  value       = google_bigquery_dataset.log.dataset_id
}

output "dead_letter_subscription" {
  description = "With route = \"pubsub\", where entries are that did not fit their table; null with \"sink\", which has tables export_errors_ in the dataset."
  value       = one(values(google_pubsub_subscription.dead)[*].id)
}

output "events_dataset_id" {
  description = "The dataset that has the events: the same."
  value       = google_bigquery_dataset.log.dataset_id
}

output "filter" {
  description = "What of the log is predictions and labels, as Cloud Logging's filter."
  value       = local.filter
}

output "labels_table" {
  description = "PUERTA_LABELS_TABLE: the same as `table` where the sink makes its own."
  value       = local.labels_table
}

output "sink_name" {
  description = "The log sink, by which Cloud Logging counts what it could not write (logging.googleapis.com/exports/error_count)."
  value       = google_logging_project_sink.log.name
}

output "sink_writer_identity" {
  description = "The account that Cloud Logging writes as."
  value       = google_logging_project_sink.log.writer_identity
}

output "table" {
  description = "PUERTA_EVENTS_TABLE, project.dataset.table."
  value       = local.table
}

output "topic_id" {
  description = "With route = \"pubsub\", the topic that others may subscribe to; null with \"sink\"."
  value       = one(values(google_pubsub_topic.log)[*].id)
}

locals {
  folder       = "${var.project_id}.${google_bigquery_dataset.log.dataset_id}"
  table        = "${local.folder}.${local.is_pubsub ? "events" : local.stdout_table}"
  labels_table = local.is_declared ? "${local.folder}.labels" : local.table
}
