mock_provider "google" {}

variables {
  project_id          = "an-example"
  project_number      = "123456789012"
  alert_policies_json = file("../../../slo/generated/gcp/alert-policies.json")
  gateway_name        = "puerta-gateway"
  gateway_urls        = { europe-west1 = "https://puerta-gateway-0example.ew.gateway.dev" }
  labels              = { environment = "test" }

  notification_channels = {
    everybody = { type = "email", labels = { email_address = "team@example.com" } }
  }
}

run "objectives_are_the_generated_ones" {
  command = plan

  variables {
    drift_job_name = "puerta-drift"
  }

  assert {
    condition = toset(keys(output.left_out)) == toset([
      "GatewayAvailabilityAbsent", "GatewayOverheadAbsent", "GatewayOverheadBudgetTicket",
    ])
    error_message = "Other alerts are left out than those on what GCP's gateway does not write: ${join(", ", keys(output.left_out))}."
  }

  assert {
    condition = alltrue([
      for name in keys(jsondecode(var.alert_policies_json).alert_policies) :
      contains(keys(google_monitoring_alert_policy.promql), name) != contains(keys(output.left_out), name)
    ])
    error_message = "An alert is neither made nor said to be left out, or both."
  }

  # The gateway's metric is another one here, a bound has two spellings; all else of a query is as it was proven.
  assert {
    condition = alltrue([
      for name, policy in jsondecode(var.alert_policies_json).alert_policies : [
        for condition in google_monitoring_alert_policy.promql[name].conditions : replace(
          replace(
            replace(condition.condition_prometheus_query_language[0].query, "(?i)", ""),
            "logging_googleapis_com:user_puerta_gateway_requests{monitored_resource=\"apigateway.googleapis.com/Gateway\",", "gateway_requests_total{"
          ), "le=~\"1|1.0\"", "le=\"1.0\""
        )
      ] == [for condition in policy.conditions : condition.condition_prometheus_query_language.query]
      if !contains(keys(output.left_out), name)
    ])
    error_message = "A query is not the generated one."
  }

  assert {
    condition = !anytrue(flatten([
      for policy in google_monitoring_alert_policy.promql : [
        for condition in policy.conditions : strcontains(condition.condition_prometheus_query_language[0].query, "gateway_requests_total")
        || strcontains(condition.condition_prometheus_query_language[0].query, "gateway_overhead")
      ]
    ]))
    error_message = "An alert reads a metric that nothing writes here, and can never fire."
  }

  assert {
    condition = alltrue([
      for name, policy in jsondecode(var.alert_policies_json).alert_policies :
      google_monitoring_alert_policy.promql[name].severity == policy.severity
      && google_monitoring_alert_policy.promql[name].documentation[0].content == policy.documentation.content
      && google_monitoring_alert_policy.promql[name].user_labels == tomap(merge(policy.user_labels, { environment = "test" }))
      && google_monitoring_alert_policy.promql[name].conditions[0].condition_prometheus_query_language[0].alert_rule == name
      if !contains(keys(output.left_out), name)
    ])
    error_message = "An alert's severity, text, labels or rule is not the generated one."
  }

  # What the API asks of every policy.
  assert {
    condition = alltrue(flatten([
      for policy in google_monitoring_alert_policy.promql : [
        length(policy.conditions) >= 1 && length(policy.conditions) <= 6,
        [
          for condition in policy.conditions :
          condition.condition_prometheus_query_language[0].disable_metric_validation
          && tonumber(trimsuffix(condition.condition_prometheus_query_language[0].evaluation_interval, "s")) % 30 == 0
        ],
      ]
    ]))
    error_message = "A policy has no or too many conditions, validates its metrics, or an interval that is no multiple of 30 s."
  }

  assert {
    condition = length(google_monitoring_alert_policy.promql["DriftJobFailed"].conditions) == 2 && alltrue([
      for condition in google_monitoring_alert_policy.promql["DriftJobFailed"].conditions :
      strcontains(condition.condition_prometheus_query_language[0].query, "job_name=\"puerta-drift\"")
    ])
    error_message = "A drift job that fails, or that does not run, is not told of."
  }
}

run "what_is_not_there_is_not_watched" {
  command = plan

  variables {
    excluded_metrics = ["gateway_", "drift_", "quality_", "label_"]
    uptime           = null
  }

  assert {
    condition = alltrue([
      for name in keys(google_monitoring_alert_policy.promql) : !startswith(name, "Drift") && !startswith(name, "Quality") && !startswith(name, "Label")
    ])
    error_message = "An alert on metrics that nothing writes is made."
  }

  assert {
    condition     = strcontains(output.left_out["DriftBudgetTicket"], "drift_alert")
    error_message = "Who is left out is not told why."
  }

  assert {
    condition     = !contains(keys(google_monitoring_alert_policy.promql), "PredictionsLost")
    error_message = "A sink is watched that is not named."
  }

  assert {
    condition     = length(google_monitoring_uptime_check_config.gateway) + length(google_monitoring_alert_policy.uptime) == 0
    error_message = "uptime = null still makes checks."
  }
}

run "the_gateway_is_counted_by_its_logs" {
  command = plan

  variables {
    event_sink_name     = "puerta-events"
    event_subscriptions = ["puerta-events", "puerta-labels"]
  }

  assert {
    condition = alltrue([
      for part in ["resource.type=\"apigateway.googleapis.com/Gateway\"", "gateway_id=\"puerta-gateway\"", "projects/an-example/logs/apigateway.googleapis.com%2Frequests", "NOT httpRequest.userAgent"] :
      strcontains(google_logging_metric.gateway_requests.filter, part) && strcontains(google_logging_metric.gateway_latency.filter, part)
    ])
    error_message = "The gateway's metrics count something else than its callers' requests."
  }

  assert {
    condition     = toset(keys(google_logging_metric.gateway_requests.label_extractors)) == toset(["code", "route"])
    error_message = "The queries match on code and route, and nothing else of a request, a key least of all, belongs into a label."
  }

  assert {
    condition     = !strcontains(jsonencode(google_logging_metric.gateway_requests.label_extractors), "apiKey")
    error_message = "Keys are made a label."
  }

  assert {
    condition     = contains(google_logging_metric.gateway_latency.bucket_options[0].explicit_buckets[0].bounds, var.gateway_latency_seconds)
    error_message = "The threshold is no bound of the buckets."
  }

  assert {
    condition     = strcontains(google_logging_metric.instance_failures.filter, "service_name=\"puerta\"")
    error_message = "Instances of another service are counted."
  }

  assert {
    condition     = length(google_monitoring_alert_policy.promql["PredictionsLost"].conditions) == 2
    error_message = "What the sink or a subscription loses is not told of."
  }
}

run "who_has_no_key_is_refused" {
  command = plan

  variables {
    gateway_urls = { europe-west1 = "https://a.ew.gateway.dev", us-central1 = "https://b.uc.gateway.dev" }
  }

  assert {
    condition = toset(keys(google_monitoring_uptime_check_config.gateway)) == toset([
      "europe-west1-health", "europe-west1-refusal", "us-central1-health", "us-central1-refusal",
    ])
    error_message = "Not every gateway is asked, with and without need of a key."
  }

  assert {
    condition = alltrue([
      for name, check in google_monitoring_uptime_check_config.gateway :
      toset(check.http_check[0].accepted_response_status_codes[*].status_value) == toset([401, 403]) && check.http_check[0].path == "/v1/predict"
      if endswith(name, "-refusal")
    ])
    error_message = "An answer to who has no key would pass."
  }

  assert {
    condition = alltrue([
      for check in google_monitoring_uptime_check_config.gateway :
      check.http_check[0].use_ssl && check.http_check[0].validate_ssl && length(check.http_check[0].auth_info) == 0
    ])
    error_message = "A check does without TLS, or signs in."
  }

  assert {
    condition     = google_monitoring_uptime_check_config.gateway["us-central1-refusal"].monitored_resource[0].labels.host == "b.uc.gateway.dev"
    error_message = "A check asks another host than its gateway."
  }

  assert {
    condition     = keys(google_monitoring_alert_policy.uptime) == keys(google_monitoring_uptime_check_config.gateway)
    error_message = "A check fails, and nobody is told."
  }
}

run "each_hears_what_is_theirs" {
  # apply: a channel's id is not known before

  variables {
    channel_secrets = { pager = "an-example-key", chat = "an-example-token" }

    notification_channels = {
      chat  = { type = "slack", labels = { channel_name = "#puerta" }, severities = ["ticket"], secret_version = "3" }
      mail  = { type = "email", labels = { email_address = "team@example.com" }, severities = ["ticket"] }
      pager = { type = "pagerduty", severities = ["page"], secret_version = "1" }
    }

    budget = { amount = 200, billing_account = "012345-6789AB-CDEF01" }
  }

  assert {
    condition = alltrue([
      for policy in google_monitoring_alert_policy.promql : toset(policy.notification_channels) == toset(
        policy.severity == "CRITICAL"
        ? [google_monitoring_notification_channel.people["pager"].id]
        : [google_monitoring_notification_channel.people["chat"].id, google_monitoring_notification_channel.people["mail"].id]
      )
    ])
    error_message = "A page or a ticket goes to others than those who hear of it."
  }

  assert {
    condition     = anytrue([for policy in google_monitoring_alert_policy.promql : policy.severity == "CRITICAL"])
    error_message = "Nothing pages."
  }

  assert {
    condition = alltrue([
      for policy in google_monitoring_alert_policy.uptime : policy.notification_channels == tolist([google_monitoring_notification_channel.people["pager"].id])
    ])
    error_message = "An uptime check that fails pages nobody."
  }

  assert {
    condition = alltrue(flatten([
      for channel in google_monitoring_notification_channel.people : [
        for secret in channel.sensitive_labels : secret.auth_token == null && secret.password == null && secret.service_key == null
      ]
    ]))
    error_message = "A secret is kept in the state."
  }

  assert {
    condition = (
      google_monitoring_notification_channel.people["chat"].sensitive_labels[0].auth_token_wo_version == "3"
      && google_monitoring_notification_channel.people["pager"].sensitive_labels[0].service_key_wo_version == "1"
      && length(google_monitoring_notification_channel.people["mail"].sensitive_labels) == 0
    )
    error_message = "A secret goes to another field than its channel's, or without a version."
  }

  assert {
    condition     = google_billing_budget.month[0].all_updates_rule[0].monitoring_notification_channels == tolist([google_monitoring_notification_channel.people["mail"].id])
    error_message = "Budgets take channels by e-mail alone."
  }

  assert {
    condition = toset([
      for rule in google_billing_budget.month[0].threshold_rules : "${rule.spend_basis} ${rule.threshold_percent}"
    ]) == toset(["CURRENT_SPEND 0.5", "CURRENT_SPEND 0.9", "CURRENT_SPEND 1", "FORECASTED_SPEND 1"])
    error_message = "The budget's thresholds are others."
  }

  assert {
    condition = (
      google_billing_budget.month[0].budget_filter[0].projects == toset(["projects/123456789012"])
      && google_billing_budget.month[0].amount[0].specified_amount[0].units == "200"
      && google_billing_budget.month[0].amount[0].specified_amount[0].currency_code == "USD"
    )
    error_message = "The budget is of another project or amount."
  }
}

run "objectives_in_the_console" {
  command = plan

  variables {
    slos_json    = file("../../../slo/generated/gcp/slos.json")
    runbooks_url = "https://runbooks.example/monitoring"
  }

  assert {
    condition     = toset(keys(google_monitoring_slo.objective)) == setsubtract(keys(jsondecode(var.slos_json).slos), ["gateway-overhead"])
    error_message = "The console's objectives are not the generated ones but for the gateway's overhead."
  }

  assert {
    condition     = keys(output.slos_left_out) == ["gateway-overhead"]
    error_message = "What is left out is not said."
  }

  assert {
    condition = alltrue([
      for name, slo in google_monitoring_slo.objective :
      slo.goal == jsondecode(var.slos_json).slos[name].goal && slo.rolling_period_days == try(jsondecode(var.slos_json).slos[name].rolling_period_days, null)
    ])
    error_message = "A goal or a window is not the generated one."
  }

  assert {
    condition = alltrue([
      for filter in [
        google_monitoring_slo.objective["gateway-availability"].request_based_sli[0].good_total_ratio[0].bad_service_filter,
        google_monitoring_slo.objective["gateway-availability"].request_based_sli[0].good_total_ratio[0].total_service_filter,
      ] :
      startswith(filter, "metric.type=\"logging.googleapis.com/user/puerta-gateway-requests\" AND resource.type=\"apigateway.googleapis.com/Gateway\"")
      && strcontains(filter, "metric.labels.route!=monitoring.regex.full_match(\"(?i)health_live|")
    ])
    error_message = "The gateway's objective reads a metric that nothing writes."
  }

  assert {
    condition = (
      google_monitoring_slo.objective["latency"].request_based_sli[0].distribution_cut[0].range[0].max == 0.4
      && google_monitoring_slo.objective["memory"].windows_based_sli[0].metric_mean_in_range[0].range[0].max == 268435456
    )
    error_message = "A limit is not the generated one."
  }

  assert {
    condition     = google_monitoring_alert_policy.promql["LatencyBudgetPage"].documentation[0].links[0].url == "https://runbooks.example/monitoring/latency.md"
    error_message = "An alert does not lead to its runbook."
  }
}

run "rules_are_asked_as_they_are_here" {
  command = plan

  variables {
    rules = {
      for path in fileset("../../../slo/generated/rules", "*.yaml") : trimsuffix(path, ".yaml") => file("../../../slo/generated/rules/${path}")
    }
  }

  assert {
    condition     = length(var.rules) > 10 && toset(keys(output.rules)) == setsubtract(keys(var.rules), ["gateway-overhead"])
    error_message = "Not every objective is recorded that something is known of."
  }

  assert {
    condition = alltrue([
      for name, text in output.rules : !strcontains(text, "gateway_requests_total") && !strcontains(text, "job=") && !strcontains(text, "GatewayAvailabilityAbsent")
    ])
    error_message = "A rule asks for what is not there."
  }

  assert {
    condition = [for rule in jsondecode(output.rules["memory"]).groups[0].rules : rule.expr if try(rule.record, "") == "slo:sli_total:rate5m"] == [
      "count(process_resident_memory_bytes{namespace=\"puerta\"})"
    ]
    error_message = "The sidecar's job is asked for by the local name."
  }

  assert {
    condition = alltrue([
      for name, text in output.rules : [
        for group in jsondecode(text).groups : { name = group.name, rules = length(group.rules) } if group.name != "slo-gateway-availability-alerts"
        ] == [
        for group in yamldecode(var.rules[name]).groups : { name = group.name, rules = length(group.rules) } if group.name != "slo-gateway-availability-alerts"
      ]
    ])
    error_message = "A rule was lost."
  }
}

run "nobody_is_told" {
  command = plan

  variables {
    notification_channels = {
      mail = { type = "email", labels = { email_address = "team@example.com" }, severities = ["ticket"] }
    }
  }

  expect_failures = [check.heard]
}

# Each run puts one fault into each of the variables that it names.
run "refused" {
  command = plan

  variables {
    alert_policies_json     = "{}"
    budget                  = { amount = 100, billing_account = "my-account" }
    drift_job_name          = "Puerta Drift"
    event_sink_name         = "a sink"
    event_subscriptions     = ["a subscription"]
    excluded_metrics        = ["gateway-"]
    gateway_latency_seconds = 3
    gateway_name            = "Gateway"
    gateway_urls            = { europe-west1 = "http://a.ew.gateway.dev" }
    name                    = "Puerta"
    notification_channels   = { chat = { type = "webhook_tokenauth", labels = { url = "https://example.com/?token=secret" } } }
    project_id              = "no"
    project_number          = "an-example"
    rules                   = { latency = "rules: []" }
    runbooks_url            = "https://runbooks.example/"
    service_name            = "Service"
    slos_json               = "{}"
    uptime                  = { statuses = [200] }
  }

  expect_failures = [
    var.alert_policies_json, var.budget, var.drift_job_name, var.event_sink_name, var.event_subscriptions, var.excluded_metrics,
    var.gateway_latency_seconds, var.gateway_name, var.gateway_urls, var.name, var.notification_channels, var.project_id,
    var.project_number, var.rules, var.runbooks_url, var.service_name, var.slos_json, var.uptime,
  ]
}

run "refused_a_secret_in_plain" {
  command = plan

  variables {
    budget                = { amount = 0, billing_account = "012345-6789AB-CDEF01" }
    notification_channels = { pager = { type = "pagerduty", labels = { service_key = "secret" }, secret_version = "1" } }
    uptime                = { path = "v1/predict" }
  }

  expect_failures = [var.budget, var.notification_channels, var.uptime]
}

run "refused_without_an_address" {
  command = plan

  variables {
    budget                = { amount = 100, billing_account = "012345-6789AB-CDEF01", currency = "dollars" }
    notification_channels = { mail = { type = "email" } }
    uptime                = { method = "DELETE" }
  }

  expect_failures = [var.budget, var.notification_channels, var.uptime]
}

run "refused_without_a_version" {
  command = plan

  variables {
    budget                = { amount = 100, billing_account = "012345-6789AB-CDEF01", thresholds = [50] }
    notification_channels = { pager = { type = "pagerduty", secret_version = "latest" } }
    uptime                = { period_seconds = 30 }
  }

  expect_failures = [var.budget, var.notification_channels, var.uptime]
}

run "refused_to_be_told_of_nothing" {
  command = plan

  variables {
    notification_channels = { mail = { type = "email", labels = { email_address = "team@example.com" }, severities = ["warning"] } }
    uptime                = { regions = ["EUROPE"] }
  }

  expect_failures = [var.notification_channels, var.uptime]
}
