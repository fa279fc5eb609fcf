# Small, and gone with one command: no instance is kept where nobody asks, and nothing is protected from deletion.
module "platform" {
  source = "../../modules/platform"

  project_id          = var.project_id
  project_number      = var.project_number
  region              = var.region
  labels              = var.labels
  deletion_protection = false

  service = {
    image   = var.service_image
    metrics = var.metrics_image == null ? null : { image = var.metrics_image }
    traces  = var.traces_image == null ? null : { image = var.traces_image }
    scaling = { min = 0, max = 2 }

    invokers = var.invokers
  }

  gateway               = { key_generations = var.key_generations }
  drift_job             = var.drift_image == null ? null : { image = var.drift_image }
  observability         = { slos = var.slos }
  notification_channels = var.notification_channels
  channel_secrets       = var.channel_secrets
  budget                = var.budget
}
