variable "analysts" {
  description = "Address of the group that may read predictions and open Grafana."
  type        = string
  nullable    = false
}

variable "billing_account" {
  description = "Id of the billing account that the budget is of, such as 012345-6789AB-CDEF01."
  type        = string
  nullable    = false
}

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

variable "grafana_image" {
  description = "Grafana's image, by its digest."
  type        = string
  nullable    = false
}

variable "grafana_query_image" {
  description = "The frontend of Managed Prometheus that Grafana asks, by its digest."
  type        = string
  nullable    = false
}

variable "grafana_rules_image" {
  description = "The rule evaluator of Managed Prometheus that records what the SLO boards show, by its digest."
  type        = string
  nullable    = false
}

variable "metrics_image" {
  description = "The sidecar that takes metrics to Managed Prometheus, by its digest."
  type        = string
  nullable    = false
}

variable "models" {
  description = "Where the model packages are: bootstrap's bucket, and in it the folder of one version of all of them."
  type        = object({ bucket = string, prefix = string })
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
  description = "Where it all is; one that has API Gateway."
  type        = string
  nullable    = false
}

variable "service_image" {
  description = "The service's image, REPOSITORY@sha256:..."
  type        = string
  nullable    = false
}

variable "subnet_range" {
  description = "Addresses of the subnetwork: one for each instance, and as many again while revisions change."
  type        = string
  default     = "10.8.0.0/26"
  nullable    = false
}

variable "traces_image" {
  description = "The OpenTelemetry collector that takes traces to Google, by its digest."
  type        = string
  nullable    = false
}
