variable "ci" {
  description = "Who builds and deploys: a GitHub repository, its owner's id (a number: names can change hands), and which refs may deploy to which of its environments. Null: no identity is made for it."
  type = object({
    repository          = string
    repository_owner_id = string
    environments        = map(object({ refs = optional(list(string)) }))
  })
  default = null
}

variable "images_kept" {
  description = "How many versions of each image are kept, however old they are."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.images_kept >= 5 && var.images_kept <= 1000 && floor(var.images_kept) == var.images_kept
    error_message = "images_kept: ${var.images_kept} came, expected a whole number from 5 to 1000; what is deployed has to be among them."
  }
}

variable "kms_key" {
  description = "Customer-managed key for the buckets and the registry (projects/P/locations/L/keyRings/R/cryptoKeys/K); their service agents need roles/cloudkms.cryptoKeyEncrypterDecrypter on it. Null: Google's own keys."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "kms_key: ${coalesce(var.kms_key, "null")} came, expected projects/P/locations/L/keyRings/R/cryptoKeys/K."
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
  description = "Name of the registry, and part of the buckets' and the accounts'."
  type        = string
  default     = "puerta"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,17}[a-z0-9]$", var.name))
    error_message = "name: ${var.name} came, expected 3 to 19 small letters, digits and -, beginning with a letter; accounts of the workflows are called after it."
  }
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

variable "readers" {
  description = <<-EOT
    Who else may pull images, by a name of yours: an IAM member. Another project that runs what was tested here needs two: its Cloud Run
    (serviceAccount:service-NUMBER@serverless-robot-prod.iam.gserviceaccount.com) and the account that deploys there.
  EOT
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for member in values(var.readers) : can(regex("^(serviceAccount|group|user):[^@]+@[^@]+$", member))])
    error_message = "readers: ${jsonencode(var.readers)} came, expected serviceAccount:, group: or user: with an address; never everybody."
  }
}

variable "region" {
  description = "Region of the buckets and the registry; best that of the service."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region: ${var.region} came, expected a region such as europe-west1, not a zone."
  }
}
