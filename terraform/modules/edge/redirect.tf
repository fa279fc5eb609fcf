# Who comes by plain HTTP is sent to HTTPS, with 308, so that a POST stays one. A key that is sent this way has been
# in the open once: without `http_redirect` nobody listens there at all.

resource "google_compute_url_map" "redirect" {
  count = var.http_redirect ? 1 : 0

  project = var.project_id
  name    = "${var.name}-edge-redirect"

  default_url_redirect {
    https_redirect         = true
    redirect_response_code = "PERMANENT_REDIRECT"
    strip_query            = false
  }
}

resource "google_compute_target_http_proxy" "redirect" {
  count = var.http_redirect ? 1 : 0

  project = var.project_id
  name    = "${var.name}-edge-redirect"
  url_map = google_compute_url_map.redirect[0].id
}

resource "google_compute_global_forwarding_rule" "http" {
  for_each = { for version, address in google_compute_global_address.edge : version => address if var.http_redirect }

  project               = var.project_id
  name                  = "${var.name}-edge-http-${lower(each.key)}"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = each.value.id
  port_range            = "80"
  target                = google_compute_target_http_proxy.redirect[0].id
  labels                = var.labels
}
