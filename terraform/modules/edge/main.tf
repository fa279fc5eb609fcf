# One address in front of the gateways of all regions: a global load balancer, which asks Cloud Armor first.

resource "google_compute_region_network_endpoint_group" "gateway" {
  for_each = var.gateways
  provider = google-beta

  project               = var.project_id
  region                = each.key
  name                  = "${basename(each.value)}-edge" # another gateway is another group: see below
  network_endpoint_type = "SERVERLESS"

  serverless_deployment {
    platform = "apigateway.googleapis.com"
    resource = basename(each.value)
  }

  lifecycle {
    create_before_destroy = true # the backend service lets go of one only when it has another
  }
}

resource "google_compute_backend_service" "gateways" {
  project               = var.project_id
  name                  = "${var.name}-edge"
  description           = "The gateways of ${join(", ", keys(var.gateways))}; callers get the nearest."
  load_balancing_scheme = "EXTERNAL_MANAGED"
  protocol              = "HTTPS"
  security_policy       = google_compute_security_policy.edge.id

  dynamic "backend" {
    for_each = google_compute_region_network_endpoint_group.gateway

    content {
      group = backend.value.id
    }
  }

  log_config {
    enable      = var.log_sample_rate > 0
    sample_rate = var.log_sample_rate
  }

  # Serverless groups have no health checks: without this, callers near a region that fails would stay with it.
  dynamic "outlier_detection" {
    for_each = length(var.gateways) > 1 ? [1] : []

    content {
      consecutive_errors           = 5
      enforcing_consecutive_errors = 100
      max_ejection_percent         = 50

      base_ejection_time {
        seconds = 180
      }

      interval {
        seconds = 1
      }
    }
  }
}

resource "google_compute_url_map" "https" {
  project         = var.project_id
  name            = "${var.name}-edge"
  default_service = google_compute_backend_service.gateways.id
}

resource "google_compute_target_https_proxy" "edge" {
  project         = var.project_id
  name            = "${var.name}-edge"
  url_map         = google_compute_url_map.https.id
  certificate_map = "//certificatemanager.googleapis.com/${google_certificate_manager_certificate_map.edge.id}"
  ssl_policy      = google_compute_ssl_policy.modern.id
}

resource "google_compute_global_forwarding_rule" "https" {
  for_each = google_compute_global_address.edge

  project               = var.project_id
  name                  = "${var.name}-edge-https-${lower(each.key)}"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = each.value.id
  port_range            = "443"
  target                = google_compute_target_https_proxy.edge.id
  labels                = var.labels
}
