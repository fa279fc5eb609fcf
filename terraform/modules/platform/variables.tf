# What a caller leaves out of an object is null, and the module that it goes to takes its own default.

variable "budget" {
  description = "What the project may cost a month, and at which parts of it somebody is told: see module observability. Null: nobody is."
  type = object({
    amount          = number
    billing_account = string
    currency        = optional(string)
    forecast        = optional(bool)
    thresholds      = optional(set(number))
  })
  default = null
}

variable "channel_secrets" {
  description = "Tokens and keys of the notification channels, by channel. They are handed on and are in no state and no plan."
  type        = map(string)
  default     = {}
  ephemeral   = true
  sensitive   = true
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether what can be protected from deletion is."
  type        = bool
  default     = true
  nullable    = false
}

variable "drift_job" {
  description = <<-EOT
    The daily drift reports: the monitoring image by its digest, when they are made, and who may read them. With a console, who may open
    it, and the alerts on drift, quality and labels can fire; its metrics sidecar is the service's where it names none. Null: none are made.
  EOT
  type = object({
    image           = string
    console         = optional(object({ invokers = optional(map(string), {}), metrics_image = optional(string) }))
    cpu             = optional(string)
    environment     = optional(map(string))
    memory          = optional(string)
    readers         = optional(map(string))
    schedule        = optional(string)
    time_zone       = optional(string)
    timeout_seconds = optional(number)
  })
  default = null

  validation {
    condition     = try(var.drift_job.console, null) == null || try(coalesce(var.drift_job.console.metrics_image, var.service.metrics.image), null) != null
    error_message = "drift_job.console: no metrics_image came, and the service has no metrics sidecar to take it from; expected one of them."
  }
}

variable "edge" {
  description = "A domain of one's own with Cloud Armor in front of the gateways. Without `allowed_ranges` it lets in who some client may be. Null: callers use the gateway's own URL."
  type = object({
    domain             = string
    allowed_ranges     = optional(set(string))
    accept_any_address = optional(bool)
    rate               = optional(object({ requests = number, interval_sec = number }), { requests = 6000, interval_sec = 60 })
    log_sample_rate    = optional(number)
    http_redirect      = optional(bool)
    ipv6               = optional(bool)
    waf_rules          = optional(map(number))
  })
  default = null
}

variable "gateway" {
  description = "What is particular to this deployment's gateway: the generations of each client's key that live (1 where nothing is said), and the clients of the policy who may really call from anywhere."
  type = object({
    accept_any_address = optional(set(string))
    api_title          = optional(string)
    key_generations    = optional(map(list(number)), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for client in keys(var.gateway.key_generations) : contains(keys(local.policy_clients), client)])
    error_message = "gateway.key_generations: ${jsonencode(keys(var.gateway.key_generations))} came, expected clients of gateway-config/policy.yaml: ${join(", ", keys(local.policy_clients))}."
  }
}

variable "grafana" {
  description = <<-EOT
    Grafana on Cloud Run with the project's dashboards: its image and that of Managed Prometheus' query frontend, by digest, who may open
    it (`invokers`, through IAP), and of these who administers it; with `rules_image`, Managed Prometheus' rule evaluator, its SLO boards
    have something to show. Without an image: the files for one that exists. Null: neither.
  EOT
  type = object({
    admins        = optional(set(string))
    image         = optional(string)
    invokers      = optional(map(string))
    min_instances = optional(number)
    query_image   = optional(string)
    query_url     = optional(string)
    rules_image   = optional(string)
  })
  default = null
}

variable "kms_keys" {
  description = "Customer-managed keys by location (a region; EU or US where BigQuery is there): projects/P/locations/L/keyRings/R/cryptoKeys/K, in the same location, which for EU is Cloud KMS's europe. Empty: Google's own keys."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for location, key in var.kms_keys : can(regex("^projects/[^/]+/locations/${lower(location) == "eu" ? "europe" : lower(location)}/keyRings/[^/]+/cryptoKeys/[^/]+$", key))
    ])
    error_message = "kms_keys: ${jsonencode(var.kms_keys)} came, expected LOCATION = projects/P/locations/LOCATION/keyRings/R/cryptoKeys/K, and EU = projects/P/locations/europe/..."
  }

  validation {
    condition = length(var.kms_keys) == 0 || length(setsubtract(
      concat([var.region, local.log_location], values(var.replicas)), keys(var.kms_keys)
    )) == 0
    error_message = "kms_keys: keys for ${join(", ", keys(var.kms_keys))} came, expected one for each of ${join(", ", distinct(concat([var.region, local.log_location], values(var.replicas))))}, or none."
  }
}

variable "labels" {
  description = "Labels of everything that can have some."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "labels: ${jsonencode(var.labels)} came, expected small letters, digits, _ and -, 63 at most, keys beginning with a letter."
  }
}

variable "name" {
  description = "The service's name on Cloud Run, and the first part of every other. The generated alerts and objectives expect `puerta`."
  type        = string
  default     = "puerta"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,13}[a-z0-9]$", var.name))
    error_message = "name: ${var.name} came, expected 3 to 15 small letters, digits and -, beginning with a letter."
  }
}

variable "notification_channels" {
  description = "Who is told of alerts, by a name of yours: see module observability. Secrets of theirs come in channel_secrets."
  type = map(object({
    labels         = optional(map(string))
    secret_version = optional(string)
    severities     = optional(set(string))
    type           = string
  }))
  default  = {}
  nullable = false
}

variable "prediction_log" {
  description = "Where predictions and labels are kept (BigQuery's location; the region where nothing is said), how long, by which way they come, and who may read them. `manifests`, name -> text, where the models are not this repository's."
  type = object({
    location       = optional(string)
    manifests      = optional(map(string))
    retention_days = optional(number)
    route          = optional(string)
    readers        = optional(map(string))
  })
  default  = {}
  nullable = false
}

variable "observability" {
  description = <<-EOT
    `slos`: whether Google's SLOs are made; they are refused until the service has written its first metrics, alerts are not.
    `runbooks_url`: where the runbooks are published, for the alerts' links.
  EOT
  type = object({
    runbooks_url = optional(string)
    slos         = optional(bool, false)
  })
  default  = {}
  nullable = false
}

variable "project_id" {
  description = "Id of the project."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id: ${var.project_id} came, expected an id such as my-project-1, not the name or the number."
  }
}

variable "project_number" {
  description = "Number of the same project: gcloud projects describe ID --format='value(projectNumber)'."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{6,20}$", var.project_number))
    error_message = "project_number: ${var.project_number} came, expected digits alone."
  }
}

variable "region" {
  description = "Where it all is; one that has API Gateway."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region: ${var.region} came, expected a region such as europe-west1, not a zone."
  }
}

variable "replicas" {
  description = "Further regions with a service and a gateway of their own: a short name of yours -> region. Callers reach the nearest one through the edge."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for short, region in var.replicas : can(regex("^[a-z][a-z0-9]{1,5}$", short)) && can(regex("^[a-z]+-[a-z]+[0-9]+$", region))])
    error_message = "replicas: ${jsonencode(var.replicas)} came, expected SHORT = REGION such as us = us-central1; SHORT is 2 to 6 small letters and digits."
  }

  validation {
    condition     = length(distinct(concat([var.region], values(var.replicas)))) == length(var.replicas) + 1
    error_message = "replicas: ${jsonencode(var.replicas)} came, expected regions that are neither there twice nor the first one, ${var.region}."
  }

  validation {
    condition     = length(var.replicas) == 0 || var.edge != null
    error_message = "replicas: ${jsonencode(var.replicas)} came without an edge, expected one: nobody would be led to them."
  }
}

variable "service" {
  description = <<-EOT
    The service: its image and those of its sidecars by their digests, how many instances, how large, what it is told, and who else may
    call it besides the gateway. See module service.
  EOT
  type = object({
    image            = string
    concurrency      = optional(number)
    cpu              = optional(string)
    custom_audiences = optional(list(string))
    environment      = optional(map(string))
    ingress          = optional(string)
    invokers         = optional(map(string), {})
    memory           = optional(string)
    metrics          = optional(object({ image = string, cpu = optional(string), memory = optional(string) }))
    models           = optional(object({ bucket = string, prefix = string }))
    scaling          = optional(object({ min = optional(number), max = optional(number) }))
    secrets          = optional(map(object({ secret = string, version = string })))
    timeout_seconds  = optional(number)
    trace_ratio      = optional(number)
    traces           = optional(object({ image = string, cpu = optional(string), memory = optional(string) }))
  })
  nullable = false
}

variable "vpc" {
  description = "By region, the network that what the service and the job themselves ask for leaves through. Regions without one: Google's own."
  type = map(object({
    network    = string
    subnetwork = string
    egress     = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(setsubtract(keys(var.vpc), concat([var.region], values(var.replicas)))) == 0
    error_message = "vpc: ${join(", ", keys(var.vpc))} came, expected regions that there is a service in: ${join(", ", concat([var.region], values(var.replicas)))}."
  }
}
