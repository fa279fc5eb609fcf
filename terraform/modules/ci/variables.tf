variable "artifact_repository" {
  description = "Where images are pushed to, in this project; null in a project that only deploys what another one has built."
  type = object({
    location      = string
    repository_id = string
  })
  default = null
}

variable "environments" {
  description = "The GitHub environments that deploy to this project, and from which refs each may: a branch or a tag in full, a trailing * for all that begin so."
  type = map(object({
    refs = optional(list(string), ["refs/heads/main"])
  }))
  nullable = false

  validation {
    condition     = length(var.environments) > 0 && alltrue([for name in keys(var.environments) : can(regex("^[A-Za-z0-9_-]{1,64}$", name))])
    error_message = "environments: ${jsonencode(keys(var.environments))} came, expected at least one name of letters, digits, _ and -."
  }

  validation {
    condition = alltrue([
      for from in values(var.environments) : length(from.refs) > 0 && alltrue([
        for ref in from.refs : can(regex("^refs/(heads|tags)/[A-Za-z0-9._/-]+[*]?$", ref))
      ])
    ])
    error_message = "environments: ${jsonencode(var.environments)} came, expected refs such as refs/heads/main or refs/tags/v*: never all of them."
  }
}

variable "grantable_roles" {
  description = "The roles that the deploying identity may grant on the project: those that the modules give to the platform's own accounts."
  type        = set(string)
  default = [
    "roles/bigquery.jobUser",
    "roles/logging.logWriter",
    "roles/monitoring.metricWriter",
    "roles/monitoring.viewer",
    "roles/telemetry.tracesWriter",
  ]
  nullable = false

  validation {
    condition     = length(var.grantable_roles) <= 10
    error_message = "grantable_roles: ${length(var.grantable_roles)} came, expected at most 10: the condition takes no more."
  }

  validation {
    condition = alltrue([for role in var.grantable_roles :
    can(regex("^roles/[a-z]+[.][A-Za-z]+$", role)) && !can(regex("(?i)(admin|owner|editor|user|tokencreator)$", replace(role, "jobUser", "")))])
    error_message = "grantable_roles: ${jsonencode(var.grantable_roles)} came, expected roles that only write telemetry, look, or run queries; none that administers, edits or impersonates."
  }
}

variable "name" {
  description = "Prefix of what is made: the accounts are NAME-ci-plan and NAME-ci-deploy."
  type        = string
  default     = "puerta"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,17}[a-z0-9]$", var.name))
    error_message = "name: ${jsonencode(var.name)} came, expected 3 to 19 small letters, digits and hyphens, a letter first."
  }
}

variable "project_id" {
  description = "Id of the project."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id: ${jsonencode(var.project_id)} came, expected an id such as my-project-1, not the name or the number."
  }
}

variable "repository" {
  description = "The GitHub repository whose workflows deploy: OWNER/REPOSITORY."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "repository: ${jsonencode(var.repository)} came, expected OWNER/REPOSITORY."
  }
}

variable "repository_owner_id" {
  description = "The owner's number: gh api users/OWNER --jq .id. Names can change hands, numbers can't."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]+$", var.repository_owner_id))
    error_message = "repository_owner_id: ${jsonencode(var.repository_owner_id)} came, expected digits alone: the id, not the name."
  }
}

variable "state_bucket" {
  description = "The bucket of the states."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$", var.state_bucket))
    error_message = "state_bucket: ${jsonencode(var.state_bucket)} came, expected the bucket's name, without gs://."
  }
}
