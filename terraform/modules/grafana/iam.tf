# It reads metrics and its files; where rules are evaluated, it writes what they record.
resource "google_project_iam_member" "grafana" {
  project = var.project_id
  role    = "roles/monitoring.viewer"
  member  = google_service_account.grafana.member
}

resource "google_project_iam_member" "rules" {
  count = var.rules == null ? 0 : 1

  project = var.project_id
  role    = "roles/monitoring.metricWriter"
  member  = google_service_account.grafana.member
}

resource "google_storage_bucket_iam_member" "grafana" {
  bucket = google_storage_bucket.provisioning.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.grafana.member
}

# The one who may call it is IAP; IAP asks who is there, and lets in who is named.
resource "google_project_service_identity" "iap" {
  count    = local.enabled ? 1 : 0
  provider = google-beta

  project = var.project_id
  service = "iap.googleapis.com"
}

resource "google_cloud_run_v2_service_iam_member" "iap" {
  count = local.enabled ? 1 : 0

  project  = var.project_id
  location = var.region
  name     = google_cloud_run_v2_service.grafana[0].name
  role     = "roles/run.invoker"
  member   = google_project_service_identity.iap[0].member
}

resource "google_iap_web_cloud_run_service_iam_member" "person" {
  for_each = local.enabled ? var.invokers : {}

  project                = var.project_id
  location               = var.region
  cloud_run_service_name = google_cloud_run_v2_service.grafana[0].name
  role                   = "roles/iap.httpsResourceAccessor"
  member                 = each.value
}
