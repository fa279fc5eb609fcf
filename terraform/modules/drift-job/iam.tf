locals {
  # Queries are run, and paid for, in the project of the table.
  log_project = split(".", var.events_table)[0]
}

resource "google_bigquery_dataset_iam_member" "reader" {
  for_each = var.dataset_ids

  project    = local.log_project
  dataset_id = each.value
  role       = "roles/bigquery.dataViewer"
  member     = google_service_account.drift.member
}

resource "google_project_iam_member" "query" {
  project = local.log_project
  role    = "roles/bigquery.jobUser"
  member  = google_service_account.drift.member
}

resource "google_storage_bucket_iam_member" "writer" {
  bucket = google_storage_bucket.reports.name
  role   = "roles/storage.objectUser"
  member = google_service_account.drift.member
}

resource "google_storage_bucket_iam_member" "reader" {
  for_each = var.readers

  bucket = google_storage_bucket.reports.name
  role   = "roles/storage.objectViewer"
  member = each.value
}

resource "google_cloud_run_v2_job_iam_member" "scheduler" {
  project  = var.project_id
  location = var.region
  name     = google_cloud_run_v2_job.drift.name
  role     = "roles/run.invoker"
  member   = google_service_account.scheduler.member
}
