variable "admins" {
  description = "The e-mail addresses of who administers Grafana, of those that `invokers` lets in. Everybody else looks."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for email in var.admins : can(regex("^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+$", email))])
    error_message = "admins: ${join(", ", var.admins)} came, expected e-mail addresses."
  }
}

variable "cpu" {
  description = "Grafana's processors."
  type        = string
  default     = "1"
  nullable    = false

  validation {
    condition     = contains(["1", "2", "4"], var.cpu)
    error_message = "cpu: ${var.cpu} came, expected 1, 2 or 4."
  }
}

variable "dashboards" {
  description = "Dashboards by name, as JSON: the files of dashboards/generated."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for text in values(var.dashboards) : can(jsondecode(text).panels)])
    error_message = "dashboards: expected each to be a dashboard's JSON: ${join(", ", [for name, text in var.dashboards : name if !can(jsondecode(text).panels)])} has no panels."
  }

  validation {
    condition     = alltrue([for name in keys(var.dashboards) : can(regex("^[a-z0-9][a-z0-9-]*$", name))])
    error_message = "dashboards: ${join(", ", keys(var.dashboards))} came, expected names of small letters, digits and hyphens."
  }
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to delete Grafana, and its bucket while that holds files."
  type        = bool
  default     = true
  nullable    = false
}

variable "image" {
  description = "Grafana's image by its digest; null where a Grafana exists already and takes the files from the bucket."
  type        = string
  default     = null

  validation {
    condition     = var.image == null || can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image: ${coalesce(var.image, "nothing")} came, expected an image by its digest: ...@sha256:..."
  }
}

variable "invokers" {
  description = "Who may open Grafana, by a name of your own: IAM members such as group:sre@example.com. IAP asks them."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for member in values(var.invokers) : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):[^ ]+$", member))])
    error_message = "invokers: ${join(", ", values(var.invokers))} came, expected user:, group:, serviceAccount:, domain: or principal: members. allUsers and allAuthenticatedUsers are everybody."
  }
}

variable "kms_key" {
  description = "The key that the bucket and the service are encrypted with; null for Google's own."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "kms_key: ${coalesce(var.kms_key, "nothing")} came, expected projects/P/locations/L/keyRings/R/cryptoKeys/K."
  }
}

variable "labels" {
  description = "Labels of everything here that can have some."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "memory" {
  description = "Grafana's memory; its database is in it."
  type        = string
  default     = "1Gi"
  nullable    = false

  validation {
    condition     = can(regex("^[1-9][0-9]*(Mi|Gi)$", var.memory))
    error_message = "memory: ${var.memory} came, expected an amount such as 512Mi or 1Gi."
  }
}

variable "min_instances" {
  description = "1 keeps Grafana ready; with 0 the first who looks waits for some seconds."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = contains([0, 1], var.min_instances)
    error_message = "min_instances: ${var.min_instances} came, expected 0 or 1: two Grafanas would not know each other's sessions."
  }
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

variable "project_id" {
  description = "The project that everything is made in, and whose metrics are shown."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id: ${var.project_id} came, expected a project's id: 6 to 30 small letters, digits and hyphens."
  }
}

variable "project_number" {
  description = "The project's number: part of Grafana's address, and of what IAP signs."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{6,20}$", var.project_number))
    error_message = "project_number: ${var.project_number} came, expected digits alone, as `gcloud projects describe` prints them."
  }
}

variable "query_image" {
  description = "The image of Managed Prometheus' query frontend (prometheus-engine/frontend) by its digest. Needed with `image`."
  type        = string
  default     = null

  validation {
    condition     = var.query_image == null || can(regex("@sha256:[0-9a-f]{64}$", var.query_image))
    error_message = "query_image: ${coalesce(var.query_image, "nothing")} came, expected an image by its digest: ...@sha256:..."
  }

  validation {
    condition     = var.image == null || var.query_image != null
    error_message = "query_image: nothing came with an image, expected both: Grafana asks Managed Prometheus through it."
  }
}

variable "query_url" {
  description = "Where Grafana finds Prometheus' API: the query frontend beside it. An existing Grafana may have it elsewhere."
  type        = string
  default     = "http://localhost:9090"
  nullable    = false

  validation {
    condition     = can(regex("^https?://[^ ]+$", var.query_url)) && (var.image == null || var.query_url == "http://localhost:9090")
    error_message = "query_url: ${var.query_url} came, expected a URL; where Grafana is made here, http://localhost:9090."
  }
}

variable "region" {
  description = "Where Grafana and its bucket are."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region: ${var.region} came, expected a region such as europe-west1."
  }
}

variable "rules" {
  description = "Rules to be evaluated beside Grafana, for the boards that read what is recorded: `files` by name (module observability's output `rules`), and the image of Managed Prometheus' rule evaluator (prometheus-engine/rule-evaluator) by its digest; null for none. The instance is always on then."
  type = object({
    files = map(string)
    image = string
  })
  default = null

  validation {
    condition     = var.rules == null || can(regex("@sha256:[0-9a-f]{64}$", var.rules.image))
    error_message = "rules.image: ${try(var.rules.image, "")} came, expected an image by its digest: ...@sha256:..."
  }

  validation {
    condition     = var.rules == null || var.image != null
    error_message = "rules: came without an image, expected them only where Grafana is made here."
  }

  validation {
    condition     = alltrue([for text in try(values(var.rules.files), []) : can(yamldecode(text).groups)])
    error_message = "rules.files: expected Prometheus' rules files, with `groups`."
  }
}

variable "scrape_seconds" {
  description = "How often the service's metrics are collected; rates on the dashboards look back four times as far."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.scrape_seconds >= 5 && var.scrape_seconds <= 300
    error_message = "scrape_seconds: ${var.scrape_seconds} came, expected 5 to 300."
  }
}
