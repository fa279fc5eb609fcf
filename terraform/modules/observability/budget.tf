# What the project may cost in a month. It stops nothing: somebody is told.
resource "google_billing_budget" "month" {
  count = var.budget == null ? 0 : 1

  billing_account = var.budget.billing_account
  display_name    = "${var.name}: ${var.project_id}"

  budget_filter {
    projects               = ["projects/${var.project_number}"]
    calendar_period        = "MONTH"
    credit_types_treatment = "INCLUDE_ALL_CREDITS"
  }

  amount {
    specified_amount {
      currency_code = var.budget.currency
      units         = tostring(var.budget.amount)
    }
  }

  dynamic "threshold_rules" {
    for_each = toset(var.budget.thresholds)

    content {
      threshold_percent = threshold_rules.value
      spend_basis       = "CURRENT_SPEND"
    }
  }

  # Early enough to do something about it.
  dynamic "threshold_rules" {
    for_each = var.budget.forecast ? [1] : []

    content {
      threshold_percent = threshold_rules.value
      spend_basis       = "FORECASTED_SPEND"
    }
  }

  # Budgets take up to five channels, and of them only those by e-mail. The account's billing administrators hear of it anyway.
  all_updates_rule {
    monitoring_notification_channels = slice(local.budget_channels, 0, min(5, length(local.budget_channels)))
    disable_default_iam_recipients   = false
  }
}

locals {
  budget_channels = [
    for name, channel in var.notification_channels : google_monitoring_notification_channel.people[name].id
    if channel.type == "email" && contains(channel.severities, "ticket")
  ]
}
