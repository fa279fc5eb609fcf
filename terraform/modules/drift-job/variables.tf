variable "console" {
  description = "Serve the reports to people, and their metrics to Managed Prometheus: the image of Google's metrics sidecar (run-gmp-sidecar), by digest, and who may open the pages (name -> IAM member). null: neither."
  type = object({
    metrics_image = string
    invokers      = optional(map(string), {})
  })
  default = null

  validation {
    condition     = var.console == null || can(regex("^[^@\\s]+@sha256:[0-9a-f]{64}$", var.console.metrics_image))
    error_message = "console.metrics_image is ${try(var.console.metrics_image, "null")}, expected an image by its digest, IMAGE@sha256:..."
  }
  validation {
    condition     = var.console == null || !anytrue([for member in values(try(var.console.invokers, {})) : contains(["allUsers", "allAuthenticatedUsers"], member)])
    error_message = "console.invokers has allUsers or allAuthenticatedUsers, expected members that you know: the console has no login of its own."
  }
}

variable "cpu" {
  description = "Cores of a run."
  type        = string
  default     = "2"
  nullable    = false

  validation {
    condition     = contains(["1", "2", "4", "6", "8"], var.cpu)
    error_message = "cpu is ${var.cpu}, expected 1, 2, 4, 6 or 8."
  }
}

variable "dataset_ids" {
  description = "The datasets that have the tables, in the project of `events_table`; the job may read them."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.dataset_ids) > 0 && alltrue([for id in var.dataset_ids : can(regex("^[A-Za-z0-9_]+$", id))])
    error_message = "dataset_ids is [${join(", ", var.dataset_ids)}], expected ids of datasets, such as puerta, without their project."
  }
}

variable "deletion_protection" {
  description = "Refuse to delete the job, and the bucket as long as it has reports."
  type        = bool
  default     = true
  nullable    = false
}

variable "environment" {
  description = "More settings of a run (python -m monitoring settings), such as { PUERTA_REPORTS_KEEP_DAYS = \"100\" }."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for name in keys(var.environment) : startswith(name, "PUERTA_") && !contains(["PUERTA_EVENTS_TABLE", "PUERTA_LABELS_TABLE", "PUERTA_REPORTS_DIR"], name)
    ])
    error_message = "environment has ${join(", ", keys(var.environment))}, expected settings that begin with PUERTA_, other than the tables and the reports' folder, which have variables of their own."
  }
}

variable "events_table" {
  description = "The table that has the prediction log, project.dataset.table."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]+\\.\\w+\\.[\\w-]+$", var.events_table))
    error_message = "events_table is ${var.events_table}, expected project.dataset.table."
  }
}

variable "image" {
  description = "Image of monitoring/Dockerfile, by its digest; it has the model packages that are watched."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[^@\\s]+@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image is ${var.image}, expected an image by its digest, IMAGE@sha256:..."
  }
}

variable "kms_key" {
  description = "Key of Cloud KMS, in the region, that the bucket and the job are encrypted with; null: Google's own."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "kms_key is ${coalesce(var.kms_key, "null")}, expected projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY."
  }
}

variable "labels" {
  description = "Labels of everything that can have some."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "labels_table" {
  description = "The table that has the label log; null or the same: that of the prediction log."
  type        = string
  default     = null

  validation {
    condition     = var.labels_table == null || can(regex("^[a-z][a-z0-9-]+\\.\\w+\\.[\\w-]+$", var.labels_table))
    error_message = "labels_table is ${coalesce(var.labels_table, "null")}, expected project.dataset.table."
  }
}

variable "memory" {
  description = "Memory of a run, at least 1Gi: counting takes 1 GB, and files are memory too."
  type        = string
  default     = "4Gi"
  nullable    = false

  validation {
    condition     = can(regex("^[1-9][0-9]*Gi$", var.memory))
    error_message = "memory is ${var.memory}, expected whole gibibytes, such as 4Gi."
  }
}

variable "name" {
  description = "Prefix of what is made."
  type        = string
  default     = "puerta"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name is ${var.name}, expected 3 to 20 lower case letters, digits and hyphens, a letter first, no hyphen last."
  }
}

variable "paused" {
  description = "Start no runs by the clock; those by hand work."
  type        = bool
  default     = false
  nullable    = false
}

variable "project_id" {
  description = "Project of the job."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id is ${var.project_id}, expected 6 to 30 lower case letters, digits and hyphens, a letter first, no hyphen last."
  }
}

variable "project_number" {
  description = "The project's number, which is in the console's address."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]+$", var.project_number))
    error_message = "project_number is ${var.project_number}, expected digits: gcloud projects describe PROJECT --format 'value(projectNumber)'."
  }
}

variable "readers" {
  description = "Name -> IAM member that may read the reports in the bucket."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for member in values(var.readers) : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):.+$", member))])
    error_message = "readers: ${join(", ", [for member in values(var.readers) : member if !can(regex("^(user|group|serviceAccount|domain|principal|principalSet):.+$", member))])} came, expected members such as group:data@example.com; nobody whom Google does not know."
  }
}

variable "region" {
  description = "Where the job runs, and its scheduler."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region is ${var.region}, expected a region such as europe-west1."
  }
}

variable "reports" {
  description = "The bucket: its name (default PROJECT-NAME-reports), its location (default the region), days that replaced files stay as versions, and days that deleted ones can be had back."
  type = object({
    bucket           = optional(string)
    location         = optional(string)
    soft_delete_days = optional(number, 7)
    versions_days    = optional(number, 30)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.reports.soft_delete_days == 0 || (var.reports.soft_delete_days >= 7 && var.reports.soft_delete_days <= 90)
    error_message = "reports.soft_delete_days is ${var.reports.soft_delete_days}, expected 0 for none, or 7 to 90."
  }
  validation {
    condition     = var.reports.versions_days >= 1
    error_message = "reports.versions_days is ${var.reports.versions_days}, expected 1 or more."
  }
}

variable "schedule" {
  description = "When runs start: a cron expression. Once a day, after its end: each run reads weeks of the log, and a report may be 26 hours old."
  type        = string
  default     = "30 0 * * *"
  nullable    = false

  validation {
    condition     = can(regex("^\\S+ \\S+ \\S+ \\S+ \\S+$", var.schedule))
    error_message = "schedule is ${var.schedule}, expected a cron expression of five fields, such as 30 0 * * *."
  }
}

variable "time_zone" {
  description = "Of the schedule. Days of the reports are those of UTC."
  type        = string
  default     = "Etc/UTC"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z]+(/[A-Za-z0-9_+-]+)+$", var.time_zone))
    error_message = "time_zone is ${var.time_zone}, expected a name of the time zone database, such as Etc/UTC."
  }
}

variable "timeout_seconds" {
  description = "Time that a run has; Evidently's own pages take up to 300 s of it."
  type        = number
  default     = 1800
  nullable    = false

  validation {
    condition     = var.timeout_seconds > 300 && var.timeout_seconds <= 86400
    error_message = "timeout_seconds is ${var.timeout_seconds}, expected 301 to 86400."
  }
}

variable "vpc" {
  description = "Send what the job asks for through a network of yours: egress is PRIVATE_RANGES_ONLY or ALL_TRAFFIC (then with Private Google Access, or BigQuery is out of reach). null: Google's own."
  type = object({
    network    = string
    subnetwork = string
    egress     = optional(string, "PRIVATE_RANGES_ONLY")
  })
  default = null

  validation {
    condition     = var.vpc == null || contains(["PRIVATE_RANGES_ONLY", "ALL_TRAFFIC"], try(var.vpc.egress, ""))
    error_message = "vpc.egress is ${try(var.vpc.egress, "null")}, expected PRIVATE_RANGES_ONLY or ALL_TRAFFIC."
  }
}
