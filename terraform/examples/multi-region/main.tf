# The same service and gateway in two regions, one API with one set of keys, one address that leads callers to the nearest, one log of
# predictions.
module "platform" {
  source = "../../modules/platform"

  project_id          = var.project_id
  project_number      = var.project_number
  region              = var.region
  replicas            = var.replicas
  deletion_protection = false # an example is taken down again

  service = {
    image   = var.service_image
    metrics = { image = var.metrics_image }
    scaling = { min = 1, max = 5 }
  }

  edge           = { domain = var.domain }
  prediction_log = { location = var.log_location }
  drift_job      = { image = var.drift_image }

  notification_channels = {
    on_call = { type = "email", labels = { email_address = var.on_call } }
  }
}
