# Events and labels of every region's service, in one dataset.
module "prediction_log" {
  source = "../prediction-log"

  project_id          = var.project_id
  location            = local.log_location
  name                = var.name
  labels              = var.labels
  deletion_protection = var.deletion_protection
  kms_key             = lookup(var.kms_keys, local.log_location, null)

  service_name   = module.service[var.region].service_name
  retention_days = var.prediction_log.retention_days
  route          = var.prediction_log.route
  readers        = var.prediction_log.readers
  manifests      = local.manifests

  depends_on = [module.apis]
}

# The job is gone before anything scrapes it: what it found is told by a console that is always there, with a sidecar of its own.
locals {
  console = try(var.drift_job.console, null) == null ? null : {
    invokers      = var.drift_job.console.invokers
    metrics_image = try(coalesce(var.drift_job.console.metrics_image, var.service.metrics.image), null)
  }
}

module "drift_job" {
  source = "../drift-job"
  count  = var.drift_job == null ? 0 : 1

  project_id          = var.project_id
  project_number      = var.project_number
  region              = var.region
  name                = var.name
  labels              = var.labels
  deletion_protection = var.deletion_protection
  kms_key             = lookup(var.kms_keys, var.region, null)

  image           = var.drift_job.image
  events_table    = module.prediction_log.table
  labels_table    = module.prediction_log.labels_table
  dataset_ids     = [module.prediction_log.dataset_id]
  schedule        = var.drift_job.schedule
  time_zone       = var.drift_job.time_zone
  cpu             = var.drift_job.cpu
  memory          = var.drift_job.memory
  timeout_seconds = var.drift_job.timeout_seconds
  environment     = var.drift_job.environment
  readers         = var.drift_job.readers
  vpc             = lookup(var.vpc, var.region, null)
  console         = local.console

  depends_on = [module.apis]
}
