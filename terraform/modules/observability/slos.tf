# The objectives in Cloud Monitoring's own console. Alerts and budgets are in the policies, which are exact.

locals {
  # The gateway's counter, as in the policies.
  slos_text = var.slos_json == null ? jsonencode({ services = {}, slos = {} }) : replace(
    replace(
      var.slos_json,
      "/(gateway_requests_total/counter[^,]*?route!?=monitoring\\.regex\\.full_match\\(\\\\\")/", "$1(?i)"
    ),
    "prometheus.googleapis.com/gateway_requests_total/counter\\\" AND resource.type=\\\"prometheus_target\\\"",
    "logging.googleapis.com/user/${local.gateway_metrics.requests}\\\" AND resource.type=\\\"${local.gateway_resource}\\\""
  )

  specified_slos = jsondecode(local.slos_text).slos

  slos_left_out = {
    for name, slo in local.specified_slos : name => "nothing here writes ${join(", ", local.slos_unmeasured[name])}"
    if length(local.slos_unmeasured[name]) > 0
  }

  slos_unmeasured = {
    for name, slo in local.specified_slos : name => distinct([
      for metric in flatten(regexall("prometheus\\.googleapis\\.com/([A-Za-z0-9_:]+)/", jsonencode(slo))) : metric
      if anytrue([for prefix in var.excluded_metrics : startswith(metric, prefix)])
    ])
  }

  slos = { for name, slo in local.specified_slos : name => slo if length(local.slos_unmeasured[name]) == 0 }
}

resource "google_monitoring_custom_service" "platform" {
  for_each = jsondecode(local.slos_text).services

  project      = var.project_id
  service_id   = each.key
  display_name = each.value.display_name
  user_labels  = var.labels
}

resource "google_monitoring_slo" "objective" {
  for_each = local.slos

  project             = var.project_id
  service             = google_monitoring_custom_service.platform[each.value.service].service_id
  slo_id              = each.value.slo_id
  display_name        = each.value.display_name
  goal                = each.value.goal
  rolling_period_days = try(each.value.rolling_period_days, null)
  calendar_period     = try(each.value.calendar_period, null)
  user_labels         = merge(var.labels, each.value.user_labels)

  dynamic "request_based_sli" {
    for_each = try([each.value.request_based_sli], [])

    content {
      dynamic "good_total_ratio" {
        for_each = try([request_based_sli.value.good_total_ratio], [])

        content {
          bad_service_filter   = try(good_total_ratio.value.bad_service_filter, null)
          good_service_filter  = try(good_total_ratio.value.good_service_filter, null)
          total_service_filter = try(good_total_ratio.value.total_service_filter, null)
        }
      }

      dynamic "distribution_cut" {
        for_each = try([request_based_sli.value.distribution_cut], [])

        content {
          distribution_filter = distribution_cut.value.distribution_filter

          range {
            max = try(distribution_cut.value.range.max, null)
            min = try(distribution_cut.value.range.min, null)
          }
        }
      }
    }
  }

  dynamic "windows_based_sli" {
    for_each = try([each.value.windows_based_sli], [])

    content {
      window_period = windows_based_sli.value.window_period

      metric_mean_in_range {
        time_series = windows_based_sli.value.metric_mean_in_range.time_series

        range {
          max = try(windows_based_sli.value.metric_mean_in_range.range.max, null)
          min = try(windows_based_sli.value.metric_mean_in_range.range.min, null)
        }
      }
    }
  }

  depends_on = [google_logging_metric.gateway_requests]
}
