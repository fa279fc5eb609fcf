output "alert_policy_ids" {
  description = "Every alert policy's id by its name."
  value = merge(
    { for name, policy in google_monitoring_alert_policy.promql : name => policy.id },
    { for name, policy in google_monitoring_alert_policy.uptime : "uptime-${name}" => policy.id },
  )
}

output "budget_id" {
  description = "The budget's id, or null."
  value       = one(google_billing_budget.month[*].id)
}

output "left_out" {
  description = "The objectives' alerts that are not made here, each with the reason."
  value       = local.left_out
}

output "log_metrics" {
  description = "The metrics that are counted from logs, as Cloud Monitoring names them."
  value = {
    for metric in [google_logging_metric.gateway_latency, google_logging_metric.gateway_requests, google_logging_metric.instance_failures] :
    metric.name => "logging.googleapis.com/user/${metric.name}"
  }
}

output "notification_channel_ids" {
  description = "The notification channels' ids by their names."
  value       = { for name, channel in google_monitoring_notification_channel.people : name => channel.id }
}

output "rules" {
  description = "`rules` as they have to be asked here, without those of objectives that nothing is known of. JSON, which is YAML."
  value       = local.rules
}

output "slo_ids" {
  description = "The SLOs' ids by objective."
  value       = { for name, slo in google_monitoring_slo.objective : name => slo.id }
}

output "slos_left_out" {
  description = "The objectives that Cloud Monitoring's console does not show, each with the reason."
  value       = local.slos_left_out
}

output "uptime_check_ids" {
  description = "The uptime checks' ids by REGION-refusal and REGION-health."
  value       = { for name, check in google_monitoring_uptime_check_config.gateway : name => check.uptime_check_id }
}
