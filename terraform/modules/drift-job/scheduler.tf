# Who starts a run: Cloud Scheduler, by the job's REST method.

resource "google_cloud_scheduler_job" "drift" {
  project          = var.project_id
  region           = var.region
  name             = "${var.name}-drift"
  description      = "Starts a run of the drift reports"
  schedule         = var.schedule
  time_zone        = var.time_zone
  paused           = var.paused
  attempt_deadline = "60s" # it is an answer to have begun

  retry_config {
    retry_count          = 3
    min_backoff_duration = "30s"
  }

  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/projects/${var.project_id}/locations/${var.region}/jobs/${google_cloud_run_v2_job.drift.name}:run"

    oauth_token {
      service_account_email = google_service_account.scheduler.email
    }
  }

  depends_on = [google_cloud_run_v2_job_iam_member.scheduler]
}
