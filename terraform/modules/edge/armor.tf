# Cloud Armor: the first rule that fits decides. So attacks are refused before anybody is let in, and the rule that
# lets a network in counts its requests too: after an `allow` no limit would be looked at.

locals {
  # A rule takes ten networks. Sorted, so that the same networks are the same rules.
  networks = var.accept_any_address ? [["*"]] : chunklist(sort(var.allowed_ranges), 10)
}

resource "google_compute_security_policy" "edge" {
  project     = var.project_id
  name        = "${var.name}-edge"
  description = "Who may come as far as the gateway, and how often."
  type        = "CLOUD_ARMOR"
  labels      = var.labels

  dynamic "rule" {
    for_each = { for index, set in sort(keys(var.waf_rules)) : set => 100 + index }

    content {
      action      = "deny(403)"
      priority    = rule.value
      description = "Looks like an attack: ${rule.key}"

      match {
        expr {
          expression = "evaluatePreconfiguredWaf('${rule.key}', {'sensitivity': ${var.waf_rules[rule.key]}})"
        }
      }
    }
  }

  dynamic "rule" {
    for_each = local.networks

    content {
      action      = "throttle"
      priority    = 1000 + rule.key
      description = "Allowed networks, ${rule.key + 1} of ${length(local.networks)}"

      match {
        versioned_expr = "SRC_IPS_V1"

        config {
          src_ip_ranges = rule.value
        }
      }

      rate_limit_options {
        conform_action = "allow"
        exceed_action  = "deny(429)"
        enforce_on_key = "IP"

        rate_limit_threshold {
          count        = var.rate.requests
          interval_sec = var.rate.interval_sec
        }
      }
    }
  }

  # Without a default rule, the default is to allow.
  rule {
    action      = "deny(403)"
    priority    = 2147483647
    description = "Everybody else"

    match {
      versioned_expr = "SRC_IPS_V1"

      config {
        src_ip_ranges = ["*"]
      }
    }
  }

  # Bodies are JSON: read as such, not as text that happens to have quotes in it.
  advanced_options_config {
    json_parsing = "STANDARD"
  }
}
