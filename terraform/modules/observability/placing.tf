# The generated queries, as they have to be asked here. JSON text in, JSON text out.

locals {
  # The gateway is Google's and has no /metrics: what it logs is counted, with the labels of the local gateway's counter.
  stand_ins = {
    gateway_requests_total = "logging_googleapis_com:user_${replace(local.gateway_metrics.requests, "-", "_")}"
  }

  generated = merge(
    { alert-policies = var.alert_policies_json },
    { for name, text in var.rules : "rules/${name}" => jsonencode(yamldecode(text)) },
  )

  # Google writes an operation's id with a capital, and may write a bucket's bound 1.0 as 1. The metrics sidecar calls every job
  # the same, and has the service's name as `namespace`; the alert policies say so already.
  placed = {
    for name, text in local.generated : name => replace(
      replace(
        replace(
          replace(text, "/(gateway_requests_total\\{[^}]*route[!=]~\\\\\")/", "$1(?i)"),
          "gateway_requests_total{", "${local.stand_ins.gateway_requests_total}{monitored_resource=\\\"${local.gateway_resource}\\\","
        ),
        "/le=\\\\\"([0-9]+)\\.0\\\\\"/", "le=~\\\"$1|$1.0\\\""
      ),
      "job=\\\"service\\\"", "namespace=\\\"${var.service_name}\\\""
    )
  }

  # Rules of objectives that nothing is known of would say so for ever.
  unmeasured_objectives = distinct([for name, policy in local.specified : policy.user_labels.slo if length(local.unmeasured[name]) > 0])

  rules = {
    for name in keys(var.rules) : name => jsonencode({
      groups = [
        for group in jsondecode(local.placed["rules/${name}"]).groups : merge(group, {
          rules = [for rule in group.rules : rule if !contains(keys(local.left_out), try(rule.alert, ""))]
        })
      ]
    }) if !contains(local.unmeasured_objectives, name)
  }
}
