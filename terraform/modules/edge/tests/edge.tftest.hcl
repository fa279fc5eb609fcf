mock_provider "google" {
  mock_resource "google_compute_global_address" {
    defaults = { address = "198.51.100.1" }
  }
}
mock_provider "google-beta" {}

variables {
  project_id     = "an-example"
  domain         = "predictions.example.com"
  gateways       = { europe-west1 = "puerta-gateway" }
  allowed_ranges = ["203.0.113.0/24", "2001:db8:a1::/48"]
  labels         = { environment = "test" }
}

run "defaults" {
  assert {
    condition     = [for rule in google_compute_security_policy.edge.rule : rule.action if rule.priority == 2147483647] == ["deny(403)"]
    error_message = "Who is on no list is let in."
  }

  assert {
    condition = alltrue([for rule in google_compute_security_policy.edge.rule :
      rule.action == "deny(403)" || !contains(flatten(rule.match[*].config[*].src_ip_ranges), "*")
    ])
    error_message = "A rule lets everybody in."
  }

  assert {
    condition = toset(flatten([
      for rule in google_compute_security_policy.edge.rule : rule.match[*].config[*].src_ip_ranges if rule.action == "throttle"
    ])) == toset(["203.0.113.0/24", "2001:db8:a1::/48"])
    error_message = "The networks that are let in are not those that were given."
  }

  assert {
    condition = alltrue([for rule in google_compute_security_policy.edge.rule :
      rule.rate_limit_options[0].enforce_on_key == "IP" && rule.rate_limit_options[0].exceed_action == "deny(429)" &&
      rule.rate_limit_options[0].rate_limit_threshold[0].count == 6000 &&
      rule.rate_limit_options[0].rate_limit_threshold[0].interval_sec == 60
    if rule.action != "deny(403)"])
    error_message = "A network is let in without a limit."
  }

  assert {
    condition     = google_compute_backend_service.gateways.security_policy == google_compute_security_policy.edge.id
    error_message = "Cloud Armor is not asked."
  }

  assert {
    condition     = google_compute_backend_service.gateways.load_balancing_scheme == "EXTERNAL_MANAGED" && length(google_compute_backend_service.gateways.outlier_detection) == 0
    error_message = "One region has another to fall back to, or the load balancer is of another kind."
  }

  assert {
    condition = (
      google_compute_region_network_endpoint_group.gateway["europe-west1"].serverless_deployment[0].platform == "apigateway.googleapis.com" &&
      google_compute_region_network_endpoint_group.gateway["europe-west1"].serverless_deployment[0].resource == "puerta-gateway"
    )
    error_message = "The load balancer does not lead to the gateway."
  }

  assert {
    condition     = { for version, rule in google_compute_global_forwarding_rule.https : version => rule.port_range } == { IPV4 = "443", IPV6 = "443" }
    error_message = "HTTPS is not open on both addresses."
  }

  assert {
    condition = (
      google_compute_url_map.redirect[0].default_url_redirect[0].https_redirect &&
      google_compute_url_map.redirect[0].default_url_redirect[0].redirect_response_code == "PERMANENT_REDIRECT" &&
      google_compute_url_map.redirect[0].default_service == null
    )
    error_message = "Port 80 does more than send callers to HTTPS, or makes a GET of a POST."
  }

  assert {
    condition     = google_certificate_manager_certificate.domain.managed[0].domains == tolist(["predictions.example.com"])
    error_message = "The certificate is for another name."
  }

  assert {
    condition     = google_compute_ssl_policy.modern.min_tls_version == "TLS_1_2"
    error_message = "Old TLS is spoken."
  }

  assert {
    condition     = google_compute_backend_service.gateways.log_config[0].enable && google_compute_backend_service.gateways.log_config[0].sample_rate == 0.1
    error_message = "Requests are not logged."
  }

  assert {
    condition     = alltrue([for address in google_compute_global_address.edge : address.deletion_policy == "PREVENT"])
    error_message = "An address that DNS points to can be destroyed by mistake."
  }

  assert {
    condition     = output.url == "https://predictions.example.com" && output.address == "198.51.100.1"
    error_message = "The outputs are not the edge's."
  }

  assert {
    condition = alltrue([for labels in concat(
      values(google_compute_global_address.edge)[*].labels, values(google_compute_global_forwarding_rule.https)[*].labels,
      values(google_compute_global_forwarding_rule.http)[*].labels, [google_certificate_manager_certificate.domain.labels],
    ) : labels == tomap({ environment = "test" })])
    error_message = "Labels are not passed on."
  }
}

run "many_networks" {
  command = plan

  variables {
    allowed_ranges = [for number in range(23) : "198.51.100.${number}/32"]
  }

  assert {
    condition = sort([for rule in google_compute_security_policy.edge.rule :
      format("%d: %02d", rule.priority, length(rule.match[0].config[0].src_ip_ranges)) if rule.action == "throttle"
    ]) == tolist(["1000: 10", "1001: 10", "1002: 03"])
    error_message = "A rule has more than the ten networks that it takes, or some are missing."
  }
}

run "attacks_are_looked_for_first" {
  command = plan

  variables {
    waf_rules = { xss-v33-stable = 2, sqli-v33-stable = 1 }
  }

  assert {
    condition = { for rule in google_compute_security_policy.edge.rule : rule.priority => rule.match[0].expr[0].expression if length(rule.match[0].expr) > 0 } == {
      100 = "evaluatePreconfiguredWaf('sqli-v33-stable', {'sensitivity': 1})"
      101 = "evaluatePreconfiguredWaf('xss-v33-stable', {'sensitivity': 2})"
    }
    error_message = "A rule set is not asked, or only after somebody was let in."
  }
}

run "everybody_if_that_is_accepted" {
  command = plan

  variables {
    accept_any_address = true
    allowed_ranges     = []
    rate               = { requests = 100, interval_sec = 10 }
  }

  assert {
    condition = [for rule in google_compute_security_policy.edge.rule : [
      rule.priority, rule.match[0].config[0].src_ip_ranges, rule.rate_limit_options[0].rate_limit_threshold[0].count
    ] if rule.action == "throttle"] == [[1000, toset(["*"]), 100]]
    error_message = "Everybody comes in without a limit, or nobody does."
  }
}

run "several_regions" {
  command = plan

  variables {
    gateways = {
      europe-west1 = "puerta-gateway"
      us-central1  = "projects/an-example/locations/us-central1/gateways/puerta-gateway"
    }
  }

  assert {
    condition = { for region, group in google_compute_region_network_endpoint_group.gateway : group.region => group.serverless_deployment[0].resource } == {
      europe-west1 = "puerta-gateway"
      us-central1  = "puerta-gateway"
    }
    error_message = "A region's gateway is not behind the address."
  }

  assert {
    condition     = length(google_compute_backend_service.gateways.outlier_detection) == 1
    error_message = "Callers stay with a region that fails."
  }
}

run "only_what_is_needed" {
  command = plan

  variables {
    deletion_protection = false
    http_redirect       = false
    ipv6                = false
  }

  assert {
    condition     = google_compute_global_address.edge["IPV4"].deletion_policy == "DELETE"
    error_message = "What is no longer protected can't be destroyed."
  }

  assert {
    condition     = length(google_compute_global_forwarding_rule.http) + length(google_compute_target_http_proxy.redirect) + length(google_compute_url_map.redirect) == 0
    error_message = "Something listens on port 80."
  }

  assert {
    condition     = keys(google_compute_global_forwarding_rule.https) == ["IPV4"] && output.address_ipv6 == null
    error_message = "There is an IPv6 address."
  }
}
