# The same service in every region. On Cloud Run it has the same name everywhere: alerts and objectives know it by that.
module "service" {
  source   = "../service"
  for_each = local.suffixes

  project_id          = var.project_id
  project_number      = var.project_number
  region              = each.key
  name                = var.name
  global_name         = "${var.name}${each.value}"
  labels              = var.labels
  deletion_protection = var.deletion_protection
  kms_key             = lookup(var.kms_keys, each.key, null)

  image            = var.service.image
  metrics          = var.service.metrics
  traces           = var.service.traces
  trace_ratio      = var.service.trace_ratio
  models           = var.service.models
  scaling          = var.service.scaling
  concurrency      = var.service.concurrency
  cpu              = var.service.cpu
  memory           = var.service.memory
  timeout_seconds  = var.service.timeout_seconds
  environment      = var.service.environment
  secrets          = var.service.secrets
  custom_audiences = var.service.custom_audiences
  ingress          = var.service.ingress
  vpc              = lookup(var.vpc, each.key, null)

  # The gateway, and who else was named: none by default.
  invokers = merge(var.service.invokers, { gateway = "serviceAccount:${module.gateway.service_account_email}" })

  depends_on = [module.apis]
}
