# The job, who starts it, what it may do, and where reports are.

mock_provider "google" {}

variables {
  project_id     = "my-project"
  project_number = "123456789012"
  region         = "europe-west1"
  image          = "europe-west1-docker.pkg.dev/my-project/puerta/monitoring@sha256:0000000000000000000000000000000000000000000000000000000000000001"
  events_table   = "my-project.puerta.run_googleapis_com_stdout"
  dataset_ids    = ["puerta"]
}

run "job" {
  command = plan

  assert {
    condition     = google_cloud_run_v2_job.drift.name == "puerta-drift" && google_cloud_run_v2_job.drift.deletion_protection
    error_message = "The job has another name, or can be deleted."
  }
  assert {
    condition     = google_cloud_run_v2_job.drift.template[0].template[0].containers[0].image == var.image
    error_message = "Another image runs."
  }
  assert {
    condition     = google_cloud_run_v2_job.drift.template[0].template[0].containers[0].args == tolist(["drift", "run", "--catch-up", "--exit-zero"])
    error_message = "Another command runs: an alert would be a failed job, or missed days stay missing."
  }
  assert {
    condition = {
      for each in google_cloud_run_v2_job.drift.template[0].template[0].containers[0].env : each.name => each.value
    } == { PUERTA_EVENTS_TABLE = var.events_table, PUERTA_REPORTS_DIR = "/reports" }
    error_message = "The job is told something else."
  }
  assert {
    condition     = google_cloud_run_v2_job.drift.template[0].template[0].volumes[0].gcs[0].bucket == google_storage_bucket.reports.name
    error_message = "Reports go to another bucket."
  }
  assert {
    condition     = length(google_cloud_run_v2_service.console) + length(google_service_account.console) == 0 && !output.has_metrics
    error_message = "There is a console that nobody asked for."
  }
}

run "rights" {
  command = plan

  assert {
    condition     = { for id, member in google_bigquery_dataset_iam_member.reader : id => member.role } == { puerta = "roles/bigquery.dataViewer" }
    error_message = "The job reads something else than the log."
  }
  assert {
    condition     = google_project_iam_member.query.role == "roles/bigquery.jobUser" && google_project_iam_member.query.project == "my-project"
    error_message = "In the project the job may do something else than run queries."
  }
  assert {
    condition     = google_storage_bucket_iam_member.writer.role == "roles/storage.objectUser"
    error_message = "In the bucket the job may do something else than read and write."
  }
  assert {
    condition     = google_cloud_run_v2_job_iam_member.scheduler.role == "roles/run.invoker" && google_cloud_run_v2_job_iam_member.scheduler.name == "puerta-drift"
    error_message = "The scheduler may do something else than start this job."
  }
  assert {
    condition     = google_service_account.scheduler.account_id != google_service_account.drift.account_id
    error_message = "Who starts the job is who runs it."
  }
}

run "scheduler" {
  command = plan

  assert {
    condition     = google_cloud_scheduler_job.drift.http_target[0].uri == "https://run.googleapis.com/v2/projects/my-project/locations/europe-west1/jobs/puerta-drift:run" && google_cloud_scheduler_job.drift.http_target[0].http_method == "POST"
    error_message = "The scheduler calls something else."
  }
  assert {
    condition     = output.schedule == { cron = "30 0 * * *", time_zone = "Etc/UTC" } && !google_cloud_scheduler_job.drift.paused
    error_message = "Runs do not start after the end of each day in UTC."
  }
}

# Account addresses are known once they are made.
run "identities" {
  command = apply

  override_resource {
    target = google_service_account.drift
    values = { email = "drift@example.com", member = "serviceAccount:drift@example.com" }
  }
  override_resource {
    target = google_service_account.scheduler
    values = { email = "scheduler@example.com", member = "serviceAccount:scheduler@example.com" }
  }

  assert {
    condition = toset([
      google_cloud_run_v2_job.drift.template[0].template[0].service_account,
      trimprefix(google_project_iam_member.query.member, "serviceAccount:"),
      trimprefix(google_storage_bucket_iam_member.writer.member, "serviceAccount:"),
      trimprefix(google_bigquery_dataset_iam_member.reader["puerta"].member, "serviceAccount:"),
    ]) == toset(["drift@example.com"])
    error_message = "The job's account is not the one that may read and write."
  }
  assert {
    condition = toset([
      google_cloud_scheduler_job.drift.http_target[0].oauth_token[0].service_account_email,
      trimprefix(google_cloud_run_v2_job_iam_member.scheduler.member, "serviceAccount:"),
    ]) == toset(["scheduler@example.com"])
    error_message = "The scheduler's account is not the one that may start the job."
  }
}

run "bucket" {
  command = plan

  assert {
    condition     = google_storage_bucket.reports.name == "my-project-puerta-reports" && google_storage_bucket.reports.location == "europe-west1"
    error_message = "The bucket has another name or place."
  }
  assert {
    condition     = google_storage_bucket.reports.public_access_prevention == "enforced" && google_storage_bucket.reports.uniform_bucket_level_access
    error_message = "The bucket can be made public."
  }
  assert {
    condition     = google_storage_bucket.reports.versioning[0].enabled && google_storage_bucket.reports.soft_delete_policy[0].retention_duration_seconds == 604800
    error_message = "What is replaced or deleted is lost at once."
  }
  assert {
    condition = toset([
      for rule in google_storage_bucket.reports.lifecycle_rule : one(rule.action).type if one(rule.condition).with_state != "ARCHIVED"
    ]) == toset(["AbortIncompleteMultipartUpload"])
    error_message = "Reports that stand are deleted by age, latest.json among them."
  }
  assert {
    condition     = !google_storage_bucket.reports.force_destroy
    error_message = "The bucket can be deleted with reports in it."
  }
  assert {
    condition     = output.reports_url == "https://storage.cloud.google.com/my-project-puerta-reports/index.html"
    error_message = "The reports' first page is elsewhere: ${output.reports_url}."
  }
}

run "labels_of_their_own" {
  command = plan

  variables {
    labels_table = "my-project.puerta.labels"
    environment  = { PUERTA_REPORTS_KEEP_DAYS = "100" }
  }

  assert {
    condition = {
      for each in google_cloud_run_v2_job.drift.template[0].template[0].containers[0].env : each.name => each.value
      } == {
      PUERTA_EVENTS_TABLE      = var.events_table
      PUERTA_LABELS_TABLE      = "my-project.puerta.labels"
      PUERTA_REPORTS_DIR       = "/reports"
      PUERTA_REPORTS_KEEP_DAYS = "100"
    }
    error_message = "The job is not told where labels are, or a setting is lost."
  }
}

run "console" {
  command = plan

  variables {
    console = {
      metrics_image = "us-docker.pkg.dev/cloud-ops-agents-artifacts/cloud-run-gmp-sidecar/cloud-run-gmp-sidecar@sha256:0000000000000000000000000000000000000000000000000000000000000002"
      invokers      = { people = "group:data@example.com" }
    }
  }

  assert {
    condition     = output.has_metrics && output.console_url == "https://puerta-console-123456789012.europe-west1.run.app"
    error_message = "The console is elsewhere: ${output.console_url}."
  }
  assert {
    condition = {
      for each in google_cloud_run_v2_service.console["console"].template[0].containers[0].env : each.name => each.value
      } == {
      PUERTA_CONSOLE_NAMES           = "puerta-console-123456789012.europe-west1.run.app,localhost,127.0.0.1"
      PUERTA_DRIFT_SCHEDULE          = "-"
      PUERTA_MONITORING_METRICS_PORT = "8080"
      PUERTA_REPORTS_DIR             = "/reports"
    }
    error_message = "The console makes reports, or is told something else."
  }
  assert {
    condition     = google_cloud_run_v2_service.console["console"].template[0].volumes[0].gcs[0].read_only && google_storage_bucket_iam_member.console["console"].role == "roles/storage.objectViewer"
    error_message = "The console may write reports."
  }
  assert {
    condition     = { for name, member in google_cloud_run_v2_service_iam_member.console : name => "${member.role} ${member.member}" } == { people = "roles/run.invoker group:data@example.com" }
    error_message = "Others may open the console."
  }
  assert {
    condition     = toset([for member in google_project_iam_member.console : member.role]) == toset(["roles/logging.logWriter", "roles/monitoring.metricWriter"])
    error_message = "The metrics sidecar may do something else than write metrics and logs."
  }
  assert {
    condition = alltrue([
      for container in google_cloud_run_v2_service.console["console"].template[0].containers : container.resources[0].cpu_idle == false
    ]) && google_cloud_run_v2_service.console["console"].template[0].scaling[0].min_instance_count == 1
    error_message = "Nothing is scraped while nobody asks."
  }
}

run "options" {
  command = plan

  variables {
    deletion_protection = false
    kms_key             = "projects/my-project/locations/europe-west1/keyRings/puerta/cryptoKeys/puerta"
    readers             = { people = "group:data@example.com" }
    vpc                 = { network = "puerta", subnetwork = "puerta-europe-west1", egress = "ALL_TRAFFIC" }
  }

  assert {
    condition     = google_cloud_run_v2_job.drift.template[0].template[0].encryption_key == var.kms_key && google_storage_bucket.reports.encryption[0].default_kms_key_name == var.kms_key
    error_message = "The job or its bucket is not encrypted with the key."
  }
  assert {
    condition     = google_cloud_run_v2_job.drift.template[0].template[0].vpc_access[0].egress == "ALL_TRAFFIC"
    error_message = "The job does not go through the network."
  }
  assert {
    condition     = google_storage_bucket.reports.force_destroy && !google_cloud_run_v2_job.drift.deletion_protection
    error_message = "What shall go can't be deleted."
  }
  assert {
    condition     = google_storage_bucket_iam_member.reader["people"].role == "roles/storage.objectViewer"
    error_message = "A reader may do more than read, or nothing."
  }
}
