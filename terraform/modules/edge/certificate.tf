# Proven by a DNS record rather than by answering at the address: the certificate is there before the name points here.
# Another domain is another certificate, which has to be there before the old one goes: so names hold the domain.

locals {
  domain_name = trim(substr("${var.name}-${replace(var.domain, ".", "-")}", 0, 63), "-")
}

resource "google_certificate_manager_dns_authorization" "domain" {
  project     = var.project_id
  name        = local.domain_name
  description = "${var.domain} is ours."
  domain      = var.domain
  labels      = var.labels

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_certificate_manager_certificate" "domain" {
  project     = var.project_id
  name        = local.domain_name
  description = "For ${var.domain}, renewed by Google."
  labels      = var.labels

  managed {
    domains            = [google_certificate_manager_dns_authorization.domain.domain]
    dns_authorizations = [google_certificate_manager_dns_authorization.domain.id]
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_certificate_manager_certificate_map" "edge" {
  project     = var.project_id
  name        = "${var.name}-edge"
  description = "What the edge answers TLS with."
  labels      = var.labels
}

resource "google_certificate_manager_certificate_map_entry" "domain" {
  project      = var.project_id
  name         = local.domain_name
  map          = google_certificate_manager_certificate_map.edge.name
  certificates = [google_certificate_manager_certificate.domain.id]
  hostname     = var.domain
  labels       = var.labels

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_compute_ssl_policy" "modern" {
  project         = var.project_id
  name            = "${var.name}-edge"
  profile         = "MODERN"
  min_tls_version = "TLS_1_2"
}
