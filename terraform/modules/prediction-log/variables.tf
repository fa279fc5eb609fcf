variable "deletion_protection" {
  description = "Refuse to delete the tables, and the dataset as long as there are any."
  type        = bool
  default     = true
  nullable    = false
}

variable "keep_in_logging" {
  description = "Leave predictions and labels in the log bucket _Default too, where they are seen beside the other logs, at Cloud Logging's price."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_key" {
  description = "Key of Cloud KMS, in the dataset's location (for EU it is Cloud KMS's europe), that tables and topics are encrypted with; null: Google's own."
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

variable "location" {
  description = "Where the data is in BigQuery: a region, EU or US. It can't be changed later."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^(EU|US|[a-z]+-[a-z]+[0-9]+)$", var.location))
    error_message = "location is ${var.location}, expected EU, US or a region such as europe-west1."
  }
}

variable "manifests" {
  description = "Name -> text of manifest.json of each model package that is served, for the tables' columns. Empty: the sink makes its table of the first entries."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for text in values(var.manifests) : can([for feature in jsondecode(text).features : "${feature.name} ${feature.type}"])
    ])
    error_message = "manifests: ${join(", ", [for name, text in var.manifests : name if !can([for feature in jsondecode(text).features : "${feature.name} ${feature.type}"])])} came without features, expected the text of a package's manifest.json."
  }
  validation {
    condition     = var.route != "pubsub" || length(var.manifests) > 0
    error_message = "manifests is empty, expected those of the models with route = \"pubsub\": its tables have the columns that they name."
  }
}

variable "name" {
  description = "Prefix of what is made; the dataset has underscores for hyphens."
  type        = string
  default     = "puerta"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name is ${var.name}, expected 3 to 20 lower case letters, digits and hyphens, a letter first, no hyphen last."
  }
}

variable "project_id" {
  description = "Project of the dataset and the service."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id is ${var.project_id}, expected 6 to 30 lower case letters, digits and hyphens, a letter first, no hyphen last."
  }
}

variable "readers" {
  description = "Name -> IAM member that may read predictions and labels; to run queries each also needs roles/bigquery.jobUser."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for member in values(var.readers) : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):.+$", member))])
    error_message = "readers: ${join(", ", [for member in values(var.readers) : member if !can(regex("^(user|group|serviceAccount|domain|principal|principalSet):.+$", member))])} came, expected members such as group:data@example.com; nobody whom Google does not know."
  }
}

variable "retention_days" {
  description = "Days that predictions and labels stay. Reports look back 64 days; more is for training data and for history that is judged anew."
  type        = number
  default     = 400
  nullable    = false

  validation {
    condition     = var.retention_days >= 70 && floor(var.retention_days) == var.retention_days
    error_message = "retention_days is ${var.retention_days}, expected whole days, 70 or more: reports look back 64 days, and labels come late."
  }
}

variable "route" {
  description = "How entries come to BigQuery: \"sink\", straight from Cloud Logging, or \"pubsub\", through a topic that others may subscribe to."
  type        = string
  default     = "sink"
  nullable    = false

  validation {
    condition     = contains(["sink", "pubsub"], var.route)
    error_message = "route is ${var.route}, expected sink or pubsub."
  }
}

variable "service_name" {
  description = "The Cloud Run service, in any region of the project, whose standard output is the log."
  type        = string
  default     = "puerta"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,47}[a-z0-9])?$", var.service_name))
    error_message = "service_name is ${var.service_name}, expected the name of a Cloud Run service: lower case letters, digits and hyphens, a letter first."
  }
}
