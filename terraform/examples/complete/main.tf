# Everything that there is, on: keys of one's own, a network for what leaves, the edge, traces, Grafana, a budget, models from a bucket.
module "platform" {
  source = "../../modules/platform"

  project_id          = var.project_id
  project_number      = var.project_number
  region              = var.region
  labels              = { system = "puerta", environment = "complete" }
  kms_keys            = { (var.region) = google_kms_crypto_key.platform.id }
  deletion_protection = true

  service = {
    image       = var.service_image
    metrics     = { image = var.metrics_image }
    traces      = { image = var.traces_image }
    trace_ratio = 0.05
    models      = var.models
    scaling     = { min = 2, max = 10 }
    environment = { PUERTA_LOG_LEVEL = "warning" }
  }

  vpc = {
    (var.region) = {
      network    = google_compute_network.service.id
      subnetwork = google_compute_subnetwork.service.id
      egress     = "ALL_TRAFFIC"
    }
  }

  gateway = { api_title = "Flight delays" }

  edge = {
    domain          = var.domain
    rate            = { requests = 3000, interval_sec = 60 }
    log_sample_rate = 1
    waf_rules       = { sqli-v33-stable = 1, cve-canary = 1 }
  }

  prediction_log = { route = "pubsub", retention_days = 400, readers = { analysts = "group:${var.analysts}" } }
  drift_job      = { image = var.drift_image, console = { invokers = { analysts = "group:${var.analysts}" } } }
  observability  = { slos = true }

  grafana = {
    image       = var.grafana_image
    query_image = var.grafana_query_image
    rules_image = var.grafana_rules_image
    invokers    = { analysts = "group:${var.analysts}" }
  }

  notification_channels = {
    on_call = { type = "email", labels = { email_address = var.on_call } }
  }

  budget = {
    billing_account = var.billing_account
    amount          = 500
    currency        = "EUR"
  }
}
