variable "apis" {
  description = "Google APIs to enable. The default is all that the platform uses, with every optional part."
  type        = set(string)
  nullable    = false
  default = [
    "apigateway.googleapis.com",
    "apikeys.googleapis.com",
    "artifactregistry.googleapis.com",
    "bigquery.googleapis.com",
    "billingbudgets.googleapis.com",
    "certificatemanager.googleapis.com",
    "cloudkms.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "cloudscheduler.googleapis.com",
    "cloudtrace.googleapis.com",
    "compute.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "iap.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "pubsub.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "servicecontrol.googleapis.com",
    "servicemanagement.googleapis.com",
    "serviceusage.googleapis.com",
    "storage.googleapis.com",
    "sts.googleapis.com",
    "telemetry.googleapis.com",
  ]

  validation {
    condition     = alltrue([for api in var.apis : can(regex("^[a-z][a-z0-9-]*\\.googleapis\\.com$", api))])
    error_message = "apis: ${join(", ", var.apis)} came, expected names such as run.googleapis.com."
  }
}

variable "kms_keys" {
  description = "Keys that Google's service agents may encrypt with, by a name of your own: projects/P/locations/L/keyRings/R/cryptoKeys/K. Every module that is given a kms_key needs it here."
  type        = map(string)
  nullable    = false
  default     = {}

  validation {
    condition = alltrue([
      for key in values(var.kms_keys) : can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", key))
    ])
    error_message = "kms_keys: ${join(", ", values(var.kms_keys))} came, expected projects/P/locations/L/keyRings/R/cryptoKeys/K."
  }
}

variable "project_id" {
  description = "Project in which the APIs are enabled."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id: ${var.project_id} came, expected 6 to 30 lower-case letters, digits and hyphens, with a letter first."
  }
}

variable "project_number" {
  description = "The project's number, of which the names of Google's service agents are made. Needed with kms_keys only."
  type        = string
  default     = null

  validation {
    condition     = var.project_number == null || can(regex("^[0-9]{6,}$", var.project_number))
    error_message = "project_number: ${coalesce(var.project_number, "null")} came, expected digits."
  }

  validation {
    condition     = var.project_number != null || length(var.kms_keys) == 0
    error_message = "project_number: null came, expected the project's number, as kms_keys are given."
  }
}
