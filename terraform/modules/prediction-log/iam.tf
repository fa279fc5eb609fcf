# Who writes, and who reads.

resource "google_bigquery_dataset_iam_member" "sink" {
  for_each = local.is_pubsub ? {} : { sink = "roles/bigquery.dataEditor" }

  project    = var.project_id
  dataset_id = google_bigquery_dataset.log.dataset_id
  role       = each.value
  member     = google_logging_project_sink.log.writer_identity
}

resource "google_bigquery_dataset_iam_member" "reader" {
  for_each = var.readers

  project    = var.project_id
  dataset_id = google_bigquery_dataset.log.dataset_id
  role       = "roles/bigquery.dataViewer"
  member     = each.value
}

resource "google_pubsub_topic_iam_member" "sink" {
  for_each = local.pubsub

  project = var.project_id
  topic   = google_pubsub_topic.log["log"].id
  role    = "roles/pubsub.publisher"
  member  = google_logging_project_sink.log.writer_identity
}

# Pub/Sub writes to BigQuery and to the dead letters as its own agent.
resource "google_project_service_identity" "pubsub" {
  for_each = local.pubsub
  provider = google-beta

  project = var.project_id
  service = "pubsub.googleapis.com"
}

resource "google_bigquery_table_iam_member" "pubsub" {
  for_each = local.functions

  project    = var.project_id
  dataset_id = google_bigquery_dataset.log.dataset_id
  table_id   = google_bigquery_table.log[each.key].table_id
  role       = "roles/bigquery.dataEditor"
  member     = google_project_service_identity.pubsub["log"].member
}

resource "google_pubsub_topic_iam_member" "dead" {
  for_each = local.pubsub

  project = var.project_id
  topic   = google_pubsub_topic.dead["log"].id
  role    = "roles/pubsub.publisher"
  member  = google_project_service_identity.pubsub["log"].member
}

resource "google_pubsub_subscription_iam_member" "dead" {
  for_each = local.functions

  project      = var.project_id
  subscription = google_pubsub_subscription.log[each.key].name
  role         = "roles/pubsub.subscriber" # to take out what it has passed on
  member       = google_project_service_identity.pubsub["log"].member
}
