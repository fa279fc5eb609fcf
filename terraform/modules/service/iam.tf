# Who may call the service. A binding and not members: whoever else was let in by hand is out again with the next apply.
resource "google_cloud_run_v2_service_iam_binding" "invokers" {
  count = length(var.invokers) == 0 ? 0 : 1

  project  = var.project_id
  location = google_cloud_run_v2_service.service.location
  name     = google_cloud_run_v2_service.service.name
  role     = "roles/run.invoker"
  members  = values(var.invokers)
}

# What the service's own account may do: its sidecars' work in the project, and to read what it is given.
resource "google_project_iam_member" "service" {
  for_each = toset(concat(
    var.metrics == null ? [] : ["roles/logging.logWriter", "roles/monitoring.metricWriter"],
    var.traces == null ? [] : ["roles/telemetry.tracesWriter"],
  ))

  project = var.project_id
  role    = each.value
  member  = google_service_account.service.member
}

resource "google_secret_manager_secret_iam_member" "configuration" {
  for_each = local.sidecars

  project   = var.project_id
  secret_id = google_secret_manager_secret.configuration[each.key].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.service.member
}

resource "google_secret_manager_secret_iam_member" "secret" {
  for_each = var.secrets

  project   = try(regex("^projects/([^/]+)/", each.value.secret)[0], var.project_id)
  secret_id = basename(each.value.secret)
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.service.member
}

resource "google_storage_bucket_iam_member" "models" {
  count = var.models == null ? 0 : 1

  bucket = var.models.bucket
  role   = "roles/storage.objectViewer"
  member = google_service_account.service.member
}
