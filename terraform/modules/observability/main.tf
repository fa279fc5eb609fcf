# Alerts. Those of the objectives come from slo/generated/gcp as they are: thresholds, windows and texts are the specs', and their
# proofs are run over these very queries. What they can't see on GCP is added here. All are PromQL with `disable_metric_validation`:
# a metric that nobody has written yet is no reason to refuse a policy.

locals {
  severities = { page = "CRITICAL", ticket = "WARNING" }

  specified = jsondecode(local.placed["alert-policies"]).alert_policies

  unmeasured = {
    for name, policy in local.specified : name => [
      for metric in policy.metrics : metric
      if !contains(keys(local.stand_ins), metric) && anytrue([for prefix in var.excluded_metrics : startswith(metric, prefix)])
    ]
  }

  left_out = merge(
    {
      for name, metrics in local.unmeasured : name => "nothing here writes ${join(", ", metrics)}"
      if length(metrics) > 0
    },
    {
      for name, policy in local.specified : name => "a gateway that nobody calls logs nothing; the uptime checks watch it"
      if length(setsubtract(policy.metrics, keys(local.stand_ins))) == 0 && alltrue([
        for condition in policy.conditions : startswith(condition.condition_prometheus_query_language.query, "absent(")
      ])
    },
  )

  objectives = {
    for name, policy in local.specified : name => merge(policy, {
      conditions = [
        for condition in policy.conditions : merge(condition.condition_prometheus_query_language, { display_name = condition.display_name })
      ]
    }) if !contains(keys(local.left_out), name)
  }

  policies = merge(local.objectives, local.added)
}

resource "google_monitoring_alert_policy" "promql" {
  for_each = local.policies

  project               = var.project_id
  display_name          = each.value.display_name
  combiner              = each.value.combiner
  severity              = each.value.severity
  user_labels           = merge(var.labels, each.value.user_labels)
  notification_channels = local.heard_by[each.value.user_labels.severity]

  documentation {
    subject   = each.value.documentation.subject
    mime_type = each.value.documentation.mime_type
    content   = each.value.documentation.content

    dynamic "links" {
      for_each = var.runbooks_url == null ? [] : ["${var.runbooks_url}/${each.value.runbook}.md"]

      content {
        display_name = "Runbook"
        url          = links.value
      }
    }
  }

  dynamic "conditions" {
    for_each = each.value.conditions

    content {
      display_name = conditions.value.display_name

      condition_prometheus_query_language {
        query                     = conditions.value.query
        duration                  = conditions.value.duration
        evaluation_interval       = conditions.value.evaluation_interval
        labels                    = conditions.value.labels
        rule_group                = conditions.value.rule_group
        alert_rule                = conditions.value.alert_rule
        disable_metric_validation = true
      }
    }
  }

  alert_strategy {
    auto_close = "86400s" # what was not seen for a day is no incident any more
  }

  depends_on = [google_logging_metric.gateway_latency, google_logging_metric.gateway_requests, google_logging_metric.instance_failures]
}
