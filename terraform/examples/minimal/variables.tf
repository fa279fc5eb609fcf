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
