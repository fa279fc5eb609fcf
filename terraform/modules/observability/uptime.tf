# From outside, as callers come. Google's checkers have no key: on a keyed path they have to be refused, and that the gateway does
# so is what is checked. An answer of 200 there is as much of an alarm as none. A second check asks for the service behind it.

locals {
  probes = {
    for name, probe in {
      refusal = {
        path     = try(var.uptime.path, null)
        method   = try(var.uptime.method, null)
        statuses = try(var.uptime.statuses, [])
        subject  = "The gateway does not refuse who has no key"
        content  = "Asked without a key, the gateway did not answer 401 or 403. Either it is down, or it lets everybody in: ask it by hand."
      }
      health = {
        path     = try(var.uptime.health_path, null)
        method   = "GET"
        statuses = tolist([200])
        subject  = "The service does not answer behind the gateway"
        content  = "Asked for its health, for which nobody needs a key, it did not answer 200."
      }
    } : name => probe if probe.path != null
  }

  uptime_checks = merge([
    for region, url in var.gateway_urls : {
      for name, probe in local.probes : "${region}-${name}" => merge(probe, { region = region, host = trimprefix(url, "https://") })
    }
  ]...)
}

resource "google_monitoring_uptime_check_config" "gateway" {
  for_each = local.uptime_checks

  project            = var.project_id
  display_name       = "${var.name}: ${each.key}"
  period             = "${var.uptime.period_seconds}s"
  timeout            = "${var.uptime.timeout_seconds}s"
  selected_regions   = var.uptime.regions
  log_check_failures = true
  user_labels        = var.labels

  monitored_resource {
    type = "uptime_url"
    labels = {
      project_id = var.project_id
      host       = each.value.host
    }
  }

  http_check {
    path                = each.value.path
    request_method      = each.value.method
    port                = 443
    use_ssl             = true
    validate_ssl        = true
    body                = each.value.method == "POST" ? base64encode("{}") : null
    content_type        = each.value.method == "POST" ? "USER_PROVIDED" : null
    custom_content_type = each.value.method == "POST" ? "application/json" : null

    dynamic "accepted_response_status_codes" {
      for_each = each.value.statuses

      content {
        status_value = accepted_response_status_codes.value
      }
    }
  }

  # Google deletes no check that a policy still names: the policy goes to the new one first.
  lifecycle {
    create_before_destroy = true
  }
}

resource "google_monitoring_alert_policy" "uptime" {
  for_each = local.uptime_checks

  project               = var.project_id
  display_name          = "${var.name}/uptime ${each.key}"
  combiner              = "OR"
  severity              = local.severities.page
  user_labels           = merge(var.labels, { owner = "platform", service = var.service_name, severity = "page", slo = "gateway-availability" })
  notification_channels = local.heard_by.page

  documentation {
    subject   = each.value.subject
    mime_type = "text/markdown"
    content   = "${each.value.content}\n\nWhat to do: monitoring/runbooks/gateway-availability.md."

    dynamic "links" {
      for_each = var.runbooks_url == null ? [] : ["${var.runbooks_url}/gateway-availability.md"]

      content {
        display_name = "Runbook"
        url          = links.value
      }
    }
  }

  # No PromQL: that a check passed is a truth value, which only these aligners count.
  conditions {
    display_name = "seen from two places or more"

    condition_threshold {
      filter = join(" AND ", [
        "metric.type=\"monitoring.googleapis.com/uptime_check/check_passed\"",
        "resource.type=\"uptime_url\"",
        "metric.labels.check_id=\"${google_monitoring_uptime_check_config.gateway[each.key].uptime_check_id}\"",
      ])
      comparison      = "COMPARISON_GT"
      threshold_value = 1
      duration        = "60s"

      aggregations {
        alignment_period     = "1200s"
        per_series_aligner   = "ALIGN_NEXT_OLDER"
        cross_series_reducer = "REDUCE_COUNT_FALSE"
        group_by_fields      = ["resource.label.project_id", "resource.label.host"]
      }

      trigger {
        count = 1
      }
    }
  }

  alert_strategy {
    auto_close = "86400s"
  }
}
