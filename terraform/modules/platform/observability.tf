# What nothing writes here: the local gateway's own metrics, and without a console those of the reports.
locals {
  unwritten = concat(["gateway_"], anytrue(module.drift_job[*].has_metrics) ? [] : ["drift_", "quality_", "label_"])
}

# Alerts and objectives as the specs say, on what the metrics sidecar sends.
module "observability" {
  source = "../observability"

  project_id     = var.project_id
  project_number = var.project_number
  name           = var.name
  labels         = var.labels

  alert_policies_json   = file("${local.objectives}/alert-policies.json")
  slos_json             = var.observability.slos ? file("${local.objectives}/slos.json") : null
  excluded_metrics      = local.unwritten
  runbooks_url          = var.observability.runbooks_url
  service_name          = module.service[var.region].service_name
  gateway_name          = module.gateway.gateway_name
  gateway_urls          = module.gateway.gateway_urls
  drift_job_name        = one(module.drift_job[*].job_name)
  event_sink_name       = module.prediction_log.sink_name
  event_subscriptions   = var.prediction_log.route == "pubsub" ? ["${var.name}-events", "${var.name}-labels"] : []
  rules                 = { for objective in fileset(local.rules, "*.yaml") : trimsuffix(objective, ".yaml") => file("${local.rules}/${objective}") }
  notification_channels = var.notification_channels
  channel_secrets       = var.channel_secrets
  budget                = var.budget

  depends_on = [module.apis]
}

module "grafana" {
  source = "../grafana"
  count  = var.grafana == null ? 0 : 1

  project_id          = var.project_id
  project_number      = var.project_number
  region              = var.region
  name                = var.name
  labels              = var.labels
  deletion_protection = var.deletion_protection
  kms_key             = lookup(var.kms_keys, var.region, null)

  image         = var.grafana.image
  query_image   = var.grafana.query_image
  query_url     = var.grafana.query_url
  rules         = var.grafana.rules_image == null ? null : { image = var.grafana.rules_image, files = module.observability.rules }
  min_instances = var.grafana.min_instances
  dashboards    = { for board in fileset(local.dashboards, "*.json") : trimsuffix(board, ".json") => file("${local.dashboards}/${board}") }
  admins        = var.grafana.admins
  invokers      = var.grafana.invokers

  depends_on = [module.apis]
}
