variable "alert_policies_json" {
  description = "The contents of slo/generated/gcp/alert-policies.json."
  type        = string
  nullable    = false

  validation {
    condition     = can(jsondecode(var.alert_policies_json).alert_policies)
    error_message = "alert_policies_json: expected the text of slo/generated/gcp/alert-policies.json, with `alert_policies`."
  }
}

variable "budget" {
  description = "What the project may cost a month, and at which parts of it somebody is told; null for no budget. Whoever applies it needs roles/billing.costsManager on the billing account."
  type = object({
    amount          = number
    billing_account = string
    currency        = optional(string, "USD")
    forecast        = optional(bool, true)
    thresholds      = optional(set(number), [0.5, 0.9, 1])
  })
  default = null

  validation {
    condition     = var.budget == null || can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.budget.billing_account))
    error_message = "budget.billing_account: ${try(var.budget.billing_account, "")} came, expected an id such as 012345-6789AB-CDEF01."
  }

  validation {
    condition     = try(var.budget.amount, 1) > 0 && try(floor(var.budget.amount) == var.budget.amount, true)
    error_message = "budget.amount: ${try(var.budget.amount, "")} came, expected a whole number above 0."
  }

  validation {
    condition     = var.budget == null || can(regex("^[A-Z]{3}$", var.budget.currency))
    error_message = "budget.currency: ${try(var.budget.currency, "")} came, expected the billing account's own, such as USD."
  }

  validation {
    condition     = try(length(var.budget.thresholds), 1) > 0 && alltrue([for part in try(var.budget.thresholds, []) : part > 0 && part <= 10])
    error_message = "budget.thresholds: ${jsonencode(try(var.budget.thresholds, []))} came, expected parts of the amount such as 0.5 and 1."
  }
}

variable "channel_secrets" {
  description = "By notification channel, its secret: PagerDuty's service key, Slack's token, a webhook's password. Ephemeral: needed when a channel is made or its `secret_version` changes, and never kept."
  type        = map(string)
  default     = {}
  nullable    = false
  sensitive   = true
  ephemeral   = true
}

variable "drift_job_name" {
  description = "The Cloud Run job that makes the drift reports, so that a failed or missing run is told of; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.drift_job_name == null || can(regex("^[a-z][a-z0-9-]{0,61}[a-z0-9]$", var.drift_job_name))
    error_message = "drift_job_name: ${coalesce(var.drift_job_name, "nothing")} came, expected a job's name such as puerta-drift."
  }
}

variable "event_sink_name" {
  description = "The log sink of the prediction log, so that what it could not deliver is told of; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.event_sink_name == null || can(regex("^[A-Za-z0-9._-]{1,100}$", var.event_sink_name))
    error_message = "event_sink_name: ${coalesce(var.event_sink_name, "nothing")} came, expected a sink's name."
  }
}

variable "event_subscriptions" {
  description = "The prediction log's Pub/Sub subscriptions, where it has some: messages that they give up are told of."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.event_subscriptions : can(regex("^[A-Za-z][A-Za-z0-9._~-]{2,254}$", name))])
    error_message = "event_subscriptions: ${join(", ", var.event_subscriptions)} came, expected names of subscriptions."
  }
}

variable "excluded_metrics" {
  description = "Beginnings of the names of metrics that nothing writes here. Policies and SLOs that read one are left out, by name in `left_out`. The local gateway's `gateway_requests_total` is measured by other means and stays."
  type        = set(string)
  default     = ["gateway_"]
  nullable    = false

  validation {
    condition     = alltrue([for prefix in var.excluded_metrics : can(regex("^[a-z][a-z0-9_]*$", prefix))])
    error_message = "excluded_metrics: ${jsonencode(var.excluded_metrics)} came, expected beginnings of metrics' names such as drift_."
  }
}

variable "gateway_latency_seconds" {
  description = "How long 99 of 100 callers may wait at most, the gateway's part included."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = contains([0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.7, 1, 2, 5, 10, 15], var.gateway_latency_seconds)
    error_message = "gateway_latency_seconds: ${var.gateway_latency_seconds} came, expected a bound of the metric's buckets, such as 0.4, 0.7, 1 or 2."
  }
}

variable "gateway_name" {
  description = "The gateways' name, the same in every region: whose request logs are counted."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,48}[a-z0-9]$", var.gateway_name))
    error_message = "gateway_name: ${var.gateway_name} came, expected a gateway's id such as puerta-gateway."
  }
}

variable "gateway_urls" {
  description = "Each region's gateway as callers call it: https://HOST."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for url in values(var.gateway_urls) : can(regex("^https://[A-Za-z0-9][A-Za-z0-9.-]*[A-Za-z0-9]$", url))])
    error_message = "gateway_urls: ${jsonencode(var.gateway_urls)} came, expected https://HOST without a path."
  }
}

variable "labels" {
  description = "Labels of everything here that can have some."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "name" {
  description = "What the names of everything here begin with."
  type        = string
  default     = "puerta"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.name))
    error_message = "name: ${var.name} came, expected 2 to 20 small letters, digits and hyphens, a letter first and no hyphen last."
  }
}

variable "notification_channels" {
  description = <<-EOT
    Who is told, by a name of your own. `severities` are what is heard of: page, ticket. A channel with a secret
    (pagerduty, slack, webhook_basicauth) has a `secret_version`, raised when `channel_secrets` has another one.
  EOT
  type = map(object({
    labels         = optional(map(string), {})
    secret_version = optional(string)
    severities     = optional(set(string), ["page", "ticket"])
    type           = string
  }))
  default  = {}
  nullable = false

  # webhook_tokenauth is none of them: its secret is part of a label that everybody can read.
  validation {
    condition = alltrue([
      for channel in values(var.notification_channels) :
      contains(["email", "pagerduty", "pubsub", "slack", "sms", "webhook_basicauth"], channel.type)
    ])
    error_message = "notification_channels: type: ${join(", ", values(var.notification_channels)[*].type)} came, expected email, pagerduty, pubsub, slack, sms or webhook_basicauth."
  }

  validation {
    condition = alltrue([
      for channel in values(var.notification_channels) :
      length(setintersection(keys(channel.labels), ["auth_token", "password", "service_key"])) == 0
    ])
    error_message = "notification_channels: labels: a secret came (auth_token, password or service_key), expected it in channel_secrets, which nothing keeps."
  }

  validation {
    condition = alltrue([
      for channel in values(var.notification_channels) : alltrue([
        for label in lookup({
          email = ["email_address"], pubsub = ["topic"], slack = ["channel_name"], sms = ["number"], webhook_basicauth = ["url", "username"]
        }, channel.type, []) : contains(keys(channel.labels), label)
      ])
    ])
    error_message = "notification_channels: labels: ${jsonencode({ for name, channel in var.notification_channels : name => keys(channel.labels) })} came, expected email_address for email, topic for pubsub, channel_name for slack, number for sms, url and username for webhook_basicauth."
  }

  validation {
    condition = alltrue([
      for channel in values(var.notification_channels) :
      contains(["pagerduty", "slack", "webhook_basicauth"], channel.type) ? can(regex("^[1-9][0-9]*$", channel.secret_version)) : channel.secret_version == null
    ])
    error_message = "notification_channels: secret_version: expected a number such as \"1\" for pagerduty, slack and webhook_basicauth, and none for the others."
  }

  validation {
    condition = alltrue([
      for channel in values(var.notification_channels) :
      length(channel.severities) > 0 && length(setsubtract(channel.severities, ["page", "ticket"])) == 0
    ])
    error_message = "notification_channels: severities: ${jsonencode(values(var.notification_channels)[*].severities)} came, expected page, ticket or both."
  }
}

variable "project_id" {
  description = "The project that everything is made in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id: ${var.project_id} came, expected a project's id: 6 to 30 small letters, digits and hyphens."
  }
}

variable "project_number" {
  description = "The project's number: what a budget knows it by."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{6,20}$", var.project_number))
    error_message = "project_number: ${var.project_number} came, expected digits alone, as `gcloud projects describe` prints them."
  }
}

variable "rules" {
  description = "The files of slo/generated/rules by objective, to be had back as output `rules`, as they have to be asked here: for Grafana's boards, which read what is recorded."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for text in values(var.rules) : can(yamldecode(text).groups)])
    error_message = "rules: expected the texts of slo/generated/rules, with `groups`: ${join(", ", [for name, text in var.rules : name if !can(yamldecode(text).groups)])} has none."
  }
}

variable "runbooks_url" {
  description = "Where monitoring/runbooks is published, without a slash last; null where it is not."
  type        = string
  default     = null

  validation {
    condition     = var.runbooks_url == null || can(regex("^https://.*[^/]$", var.runbooks_url))
    error_message = "runbooks_url: ${coalesce(var.runbooks_url, "nothing")} came, expected https://... without a slash last."
  }
}

variable "service_name" {
  description = "The Cloud Run service, as its logs name it."
  type        = string
  default     = "puerta"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,47}[a-z0-9]$", var.service_name))
    error_message = "service_name: ${var.service_name} came, expected a Cloud Run service's name such as puerta."
  }
}

variable "slos_json" {
  description = "The contents of slo/generated/gcp/slos.json; null until the service has written its metrics once, as Google refuses an SLO of a metric that it has never seen."
  type        = string
  default     = null

  validation {
    condition     = var.slos_json == null || can(jsondecode(var.slos_json).slos)
    error_message = "slos_json: expected the text of slo/generated/gcp/slos.json, with `slos`."
  }
}

variable "uptime" {
  description = <<-EOT
    What Google's checkers ask each gateway without a key, and have to be refused; null for no checks. `health_path` is one that
    needs no key and is answered by the service; null to leave that out.
  EOT
  type = object({
    health_path     = optional(string, "/health/ready")
    method          = optional(string, "POST")
    path            = optional(string, "/v1/predict")
    period_seconds  = optional(number, 60)
    regions         = optional(list(string), ["EUROPE", "SOUTH_AMERICA", "USA_VIRGINIA"])
    statuses        = optional(list(number), [401, 403])
    timeout_seconds = optional(number, 10)
  })
  default = {}

  validation {
    condition     = try(length(var.uptime.statuses) > 0 && length(setsubtract(var.uptime.statuses, [401, 403])) == 0, var.uptime == null)
    error_message = "uptime.statuses: ${jsonencode(try(var.uptime.statuses, null))} came, expected 401, 403 or both: who has no key is refused."
  }

  validation {
    condition     = try(startswith(var.uptime.path, "/") && startswith(coalesce(var.uptime.health_path, "/"), "/"), var.uptime == null)
    error_message = "uptime: ${try(var.uptime.path, "")}, ${try(coalesce(var.uptime.health_path, "none"), "")} came, expected paths that begin with a slash."
  }

  validation {
    condition     = try(contains(["GET", "POST"], var.uptime.method), var.uptime == null)
    error_message = "uptime.method: ${try(var.uptime.method, "")} came, expected GET or POST."
  }

  validation {
    condition     = try(contains([60, 300, 600, 900], var.uptime.period_seconds) && var.uptime.timeout_seconds >= 1 && var.uptime.timeout_seconds <= 60, var.uptime == null)
    error_message = "uptime: period_seconds ${try(var.uptime.period_seconds, "")}, timeout_seconds ${try(var.uptime.timeout_seconds, "")} came, expected 60, 300, 600 or 900, and 1 to 60."
  }

  validation {
    condition = try(length(distinct(var.uptime.regions)) >= 3 && length(setsubtract(var.uptime.regions, [
      "ASIA_PACIFIC", "EUROPE", "SOUTH_AMERICA", "USA_IOWA", "USA_OREGON", "USA_VIRGINIA",
    ])) == 0, var.uptime == null)
    error_message = "uptime.regions: ${jsonencode(try(var.uptime.regions, null))} came, expected three or more of ASIA_PACIFIC, EUROPE, SOUTH_AMERICA, USA_IOWA, USA_OREGON, USA_VIRGINIA."
  }
}
