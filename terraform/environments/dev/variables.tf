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

variable "drift_image" {
  description = "The monitoring image, REPOSITORY@sha256:..., for the daily drift reports. Null: none are made."
  type        = string
  default     = null
}

variable "invokers" {
  description = "Who may call the service past the gateway, by a name of yours: user:me@example.com, to compare the two."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "key_generations" {
  description = "Which generations of each client's key live; 1 where nothing is said. To rotate: add the next, hand it over, drop the last."
  type        = map(list(number))
  default     = {}
  nullable    = false
}

variable "labels" {
  description = "Labels of everything that can have some."
  type        = map(string)
  default     = { system = "puerta", environment = "dev" }
  nullable    = false
}

variable "metrics_image" {
  description = "The sidecar that takes metrics to Managed Prometheus, by its digest. Null: there are none, and no alert has anything to look at."
  type        = string
  default     = null
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
