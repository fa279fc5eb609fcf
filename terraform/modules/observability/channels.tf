# Who is told. A page and a ticket need not be heard by the same people.

locals {
  # By type of channel, the label that is a secret.
  secret_labels = {
    pagerduty         = "service_key"
    slack             = "auth_token"
    webhook_basicauth = "password"
  }

  heard_by = {
    for severity in keys(local.severities) : severity => [
      for name, channel in var.notification_channels : google_monitoring_notification_channel.people[name].id
      if contains(channel.severities, severity)
    ]
  }
}

resource "google_monitoring_notification_channel" "people" {
  for_each = var.notification_channels

  project      = var.project_id
  display_name = "${var.name}: ${each.key}"
  type         = each.value.type
  labels       = each.value.labels
  user_labels  = var.labels

  # Write-only: the secret goes to Google and into no state and no plan. It is sent anew when its version changes.
  dynamic "sensitive_labels" {
    for_each = contains(keys(local.secret_labels), each.value.type) ? [local.secret_labels[each.value.type]] : []

    content {
      auth_token_wo          = sensitive_labels.value == "auth_token" ? lookup(var.channel_secrets, each.key, null) : null
      auth_token_wo_version  = sensitive_labels.value == "auth_token" ? each.value.secret_version : null
      password_wo            = sensitive_labels.value == "password" ? lookup(var.channel_secrets, each.key, null) : null
      password_wo_version    = sensitive_labels.value == "password" ? each.value.secret_version : null
      service_key_wo         = sensitive_labels.value == "service_key" ? lookup(var.channel_secrets, each.key, null) : null
      service_key_wo_version = sensitive_labels.value == "service_key" ? each.value.secret_version : null
    }
  }

  # Google deletes no channel that a policy still names: policies go to the new one first.
  lifecycle {
    create_before_destroy = true
  }
}

# A warning, not an error: a first deployment may be made before anybody is named.
check "heard" {
  assert {
    condition = alltrue([for severity, channels in local.heard_by : length(channels) > 0])
    error_message = format("notification_channels: nobody is told of a %s.",
    join(", nor of a ", [for severity, channels in local.heard_by : severity if length(channels) == 0]))
  }
}
