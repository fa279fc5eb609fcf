# What customers call: two instances at least, a domain of one's own behind Cloud Armor, protection from deletion, everything watched.
module "platform" {
  source = "../../modules/platform"

  project_id          = var.project_id
  project_number      = var.project_number
  region              = var.region
  replicas            = var.replicas
  labels              = var.labels
  kms_keys            = var.kms_keys
  vpc                 = var.vpc
  deletion_protection = true

  service = {
    image       = var.service_image
    metrics     = { image = var.metrics_image }
    traces      = var.traces_image == null ? null : { image = var.traces_image }
    trace_ratio = 0.01
    scaling     = { min = 2, max = 20 }
  }

  gateway = { key_generations = var.key_generations }

  edge = {
    domain = var.domain
    rate   = { requests = 6000, interval_sec = 60 } # of one address; the policy's dearest client may have 3000
  }

  prediction_log        = { retention_days = 400 } # a year and a month: months are compared with those of the year before
  drift_job             = { image = var.drift_image }
  observability         = { slos = var.slos }
  notification_channels = var.notification_channels
  channel_secrets       = var.channel_secrets
  grafana               = var.grafana
  budget                = var.budget
}
