variable "domain" {
  description = "The name that callers call. Its DNS is yours."
  type        = string
  nullable    = false
}

variable "drift_image" {
  description = "The monitoring image, REPOSITORY@sha256:..."
  type        = string
  nullable    = false
}

variable "log_location" {
  description = "Where the predictions of all regions are kept in BigQuery, such as EU."
  type        = string
  nullable    = false
}

variable "metrics_image" {
  description = "The sidecar that takes metrics to Managed Prometheus, by its digest."
  type        = string
  nullable    = false
}

variable "on_call" {
  description = "Address that alerts are sent to."
  type        = string
  nullable    = false
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
  description = "The first region: what is there once, such as the drift job, is here."
  type        = string
  nullable    = false
}

variable "replicas" {
  description = "The further regions: a short name of yours -> region."
  type        = map(string)
  nullable    = false
}

variable "service_image" {
  description = "The service's image, REPOSITORY@sha256:..."
  type        = string
  nullable    = false
}
