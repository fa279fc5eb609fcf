# One API and one set of keys; a gateway in each region, with that region's service behind it.
module "gateway" {
  source = "../gateway"

  project_id = var.project_id
  region     = var.region
  name       = var.name
  labels     = var.labels

  openapi            = file("${local.generated}/openapi-gcp.yaml")
  api_title          = var.gateway.api_title
  backend_url        = local.service_urls[var.region]
  replicas           = { for region, url in local.service_urls : region => url if region != var.region }
  clients            = local.clients
  accept_any_address = var.gateway.accept_any_address

  deletion_protection = var.deletion_protection

  depends_on = [module.apis]
}

# What Cloud Run will call them, known before they are there: the gateway's service account has to exist before the service, which
# lets it in, and the gateway's document names the service.
locals {
  service_urls = { for region in keys(local.suffixes) : region => "https://${var.name}-${var.project_number}.${region}.run.app" }
}

# Who some client may be. Where everybody may come as far as the gateway, its keys alone decide.
locals {
  client_ranges = toset([
    for range in flatten(values(local.clients)[*].allowed_ips) : range if try(var.edge.accept_any_address, false) != true
  ])
}

# A domain of one's own in front of the gateways, and one address for all regions.
module "edge" {
  source = "../edge"
  count  = var.edge == null ? 0 : 1

  project_id = var.project_id
  name       = var.name
  labels     = var.labels

  gateways           = module.gateway.gateways
  domain             = var.edge.domain
  allowed_ranges     = var.edge.allowed_ranges == null ? local.client_ranges : var.edge.allowed_ranges
  accept_any_address = var.edge.accept_any_address
  rate               = var.edge.rate
  log_sample_rate    = var.edge.log_sample_rate
  http_redirect      = var.edge.http_redirect
  ipv6               = var.edge.ipv6
  waf_rules          = var.edge.waf_rules

  deletion_protection = var.deletion_protection

  depends_on = [module.apis]
}
