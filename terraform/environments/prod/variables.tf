# What is to be said of them, and what is refused: ../../modules/platform/variables.tf.

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

variable "domain" {
  description = "The name that customers call, such as predictions.example.com. Its DNS is yours."
  type        = string
  nullable    = false
}

variable "drift_image" {
  description = "The monitoring image, REPOSITORY@sha256:..., for the daily drift reports."
  type        = string
  nullable    = false
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

variable "key_generations" {
  description = "Which generations of each client's key live; 1 where nothing is said. To rotate: add the next, hand it over, drop the last."
  type        = map(list(number))
  default     = {}
  nullable    = false
}

variable "kms_keys" {
  description = "Customer-managed keys by location: projects/P/locations/L/keyRings/R/cryptoKeys/K. Empty: Google's own keys."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "labels" {
  description = "Labels of everything that can have some."
  type        = map(string)
  default     = { system = "puerta", environment = "prod" }
  nullable    = false
}

variable "metrics_image" {
  description = "The sidecar that takes metrics to Managed Prometheus, by its digest."
  type        = string
  nullable    = false
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

variable "project_id" {
  description = "Id of the project."
  type        = string
  nullable    = false
}

variable "project_number" {
  description = "Number of the same project: gcloud projects describe ID --format='value(projectNumber)'."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Where it all is; one that has API Gateway."
  type        = string
  nullable    = false
}

variable "replicas" {
  description = "Further regions: a short name of yours -> region. The edge leads callers to the nearest one."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "service_image" {
  description = "The service's image, REPOSITORY@sha256:..."
  type        = string
  nullable    = false
}

variable "slos" {
  description = "Whether Google's SLOs are made: false until the service has written its first metrics, as they are refused before."
  type        = bool
  default     = false
  nullable    = false
}

variable "traces_image" {
  description = "The OpenTelemetry collector that takes traces to Google, by its digest. Null: no traces are sent."
  type        = string
  default     = null
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
}
