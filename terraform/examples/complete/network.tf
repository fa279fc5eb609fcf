# What the service itself asks for leaves through here. It reaches Google's APIs by their private addresses and nobody else: there is no NAT.
module "compute_api" {
  source = "../../modules/apis"

  project_id = var.project_id
  apis       = ["compute.googleapis.com"]
}

resource "google_compute_network" "service" {
  #checkov:skip=CKV2_GCP_18:Nothing listens in it: Cloud Run only sends from here, and what no rule allows in is refused.
  project                 = var.project_id
  name                    = "puerta"
  auto_create_subnetworks = false

  depends_on = [module.compute_api]
}

resource "google_compute_subnetwork" "service" {
  project                  = var.project_id
  region                   = var.region
  name                     = "puerta-${var.region}"
  network                  = google_compute_network.service.id
  ip_cidr_range            = var.subnet_range
  private_ip_google_access = true

  log_config {
    aggregation_interval = "INTERVAL_10_MIN"
    flow_sampling        = 0.1
  }
}
