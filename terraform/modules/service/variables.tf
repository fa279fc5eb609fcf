variable "concurrency" {
  description = "Requests that an instance is given at once."
  type        = number
  nullable    = false
  default     = 80

  validation {
    condition     = var.concurrency >= 1 && var.concurrency <= 1000 && floor(var.concurrency) == var.concurrency
    error_message = "concurrency: ${var.concurrency} came, expected a whole number, 1 to 1000."
  }
}

variable "cpu" {
  description = "CPUs of the service's container. It is one process with one event loop: more than one helps only worker threads, which large batches go to."
  type        = string
  nullable    = false
  default     = "1"

  validation {
    condition     = contains(["1", "2", "4", "6", "8"], var.cpu)
    error_message = "cpu: ${var.cpu} came, expected 1, 2, 4, 6 or 8."
  }
}

variable "custom_audiences" {
  description = "Further audiences that a caller's token may be made for, such as a domain of your own: https://predictions.example.com."
  type        = list(string)
  nullable    = false
  default     = []

  validation {
    condition     = alltrue([for audience in var.custom_audiences : startswith(audience, "https://")])
    error_message = "custom_audiences: ${join(", ", var.custom_audiences)} came, expected URLs that start with https://."
  }
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to delete the service."
  type        = bool
  nullable    = false
  default     = true
}

variable "description" {
  description = "What the service is, for people."
  type        = string
  nullable    = false
  default     = "Puerta: predictions of packaged models. Called by the gateway only."
}

variable "environment" {
  description = "Further settings of the service: `python -m service settings` lists them. Those that follow from how it runs here are set already."
  type        = map(string)
  nullable    = false
  default     = {}

  validation {
    condition = length(setintersection(keys(var.environment), [
      "AIP_HTTP_PORT", "AIP_STORAGE_URI", "PORT", "PUERTA_DRAIN_SECONDS", "PUERTA_EVENTS_DIR", "PUERTA_GRACE_SECONDS",
      "PUERTA_HOST", "PUERTA_LABELS_DIR", "PUERTA_MAX_CONCURRENCY", "PUERTA_METRICS_PORT", "PUERTA_MODELS_DIR",
      "PUERTA_OTLP_ENDPOINT", "PUERTA_PORT", "PUERTA_TRACE_RATIO",
    ])) == 0
    error_message = "environment: ${join(", ", keys(var.environment))} came, expected none of those that this module sets itself or by another variable: ports, folders, models, concurrency, traces."
  }

  # API Gateway can't send it, so that only callers could: it has to stay unset, and then nobody's x-gateway-client counts.
  validation {
    condition     = !contains(keys(var.environment), "PUERTA_GATEWAY_TOKEN")
    error_message = "environment: PUERTA_GATEWAY_TOKEN came, expected none: API Gateway does not say whose key came, so nobody may be believed who does."
  }

  validation {
    condition     = alltrue([for name in keys(var.environment) : !can(regex("(?i)(secret|password|token|api_?key|otlp_headers)", name))])
    error_message = "environment: ${join(", ", keys(var.environment))} came, expected what is secret in `secrets`: anybody who may look at the service reads these."
  }
}

variable "global_name" {
  description = "Prefix of what is unique in the project and not only in the region: the account and the secrets. Null: the name. A second region of the same project needs another."
  type        = string
  default     = null

  validation {
    condition     = var.global_name == null || can(regex("^[a-z][a-z0-9-]{1,20}[a-z0-9]$", var.global_name))
    error_message = "global_name: ${coalesce(var.global_name, "null")} came, expected 3 to 22 lower-case letters, digits and hyphens, with a letter first."
  }
}

variable "image" {
  description = "Image of the service (service/Dockerfile), by digest: REGION-docker.pkg.dev/PROJECT/REPOSITORY/service@sha256:..."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image: ${var.image} came, expected HOST/PATH@sha256: and 64 hexadecimal digits, without a tag."
  }
}

variable "ingress" {
  description = "From where requests may come: INGRESS_TRAFFIC_ALL, INGRESS_TRAFFIC_INTERNAL_ONLY or INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER. API Gateway comes from outside."
  type        = string
  nullable    = false
  default     = "INGRESS_TRAFFIC_ALL"

  validation {
    condition     = contains(["INGRESS_TRAFFIC_ALL", "INGRESS_TRAFFIC_INTERNAL_ONLY", "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"], var.ingress)
    error_message = "ingress: ${var.ingress} came, expected INGRESS_TRAFFIC_ALL, INGRESS_TRAFFIC_INTERNAL_ONLY or INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER."
  }
}

variable "invokers" {
  description = "Who may call the service, by a name of your own: serviceAccount:..., user:..., group:... or a principal. Nobody else may."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for member in values(var.invokers) : !contains(["allUsers", "allAuthenticatedUsers"], member)])
    error_message = "invokers: allUsers or allAuthenticatedUsers came, expected accounts: the service is private, the gateway checks keys."
  }

  validation {
    condition     = alltrue([for member in values(var.invokers) : can(regex("^(serviceAccount|user|group|principal|principalSet):.+$|^all(Authenticated)?Users$", member))])
    error_message = "invokers: ${join(", ", values(var.invokers))} came, expected serviceAccount:..., user:..., group:..., principal:... or principalSet:..."
  }
}

variable "kms_key" {
  description = "Key of the service's region that images and the sidecars' configurations are encrypted with: projects/P/locations/L/keyRings/R/cryptoKeys/K. Null: Google's own. Module apis lets Google's agents use it."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "kms_key: ${coalesce(var.kms_key, "null")} came, expected projects/P/locations/L/keyRings/R/cryptoKeys/K."
  }

  validation {
    condition     = var.kms_key == null || try(split("/", var.kms_key)[3] == var.region, true)
    error_message = "kms_key: ${coalesce(var.kms_key, "null")} came, expected a key in ${var.region}, where the service is."
  }
}

variable "labels" {
  description = "Labels of all that can have some."
  type        = map(string)
  nullable    = false
  default     = {}
}

variable "memory" {
  description = "Memory of the service's container. The objective is 256 MB resident, 95 MB are measured; the mounted bucket's caches and files that are written come on top."
  type        = string
  nullable    = false
  default     = "512Mi"

  validation {
    condition     = can(regex("^([0-9]+Mi|[0-9]+Gi)$", var.memory)) && try(tonumber(trimsuffix(trimsuffix(var.memory, "Mi"), "Gi")) * (endswith(var.memory, "Gi") ? 1024 : 1) >= 512, false)
    error_message = "memory: ${var.memory} came, expected 512Mi or more, in Mi or Gi: twice the objective, and the least that Cloud Run has in this environment."
  }

  validation {
    condition     = try(tonumber(trimsuffix(trimsuffix(var.memory, "Mi"), "Gi")) * (endswith(var.memory, "Gi") ? 1024 : 1) >= lookup({ "4" = 2048, "6" = 4096, "8" = 4096 }, var.cpu, 0), false)
    error_message = "memory: ${var.memory} came, expected 2Gi or more with 4 CPUs, 4Gi with 6 or 8."
  }
}

variable "metrics" {
  description = "Sidecar that brings the metrics to Managed Prometheus (Google's cloud-run-gmp-sidecar), by digest. Null: none, and then no alert has anything to look at."
  type = object({
    image  = string
    cpu    = optional(string, "500m")
    memory = optional(string, "256Mi")
  })
  default = null

  validation {
    condition     = var.metrics == null || can(regex("@sha256:[0-9a-f]{64}$", var.metrics.image))
    error_message = "metrics.image: ${try(var.metrics.image, "null")} came, expected HOST/PATH@sha256: and 64 hexadecimal digits."
  }
}

variable "models" {
  description = "Where the model packages are: a bucket, and in it a folder that belongs to one version of all of them, <prefix>/<name>/<version>/. Null: in the image."
  type = object({
    bucket = string
    prefix = string
  })
  default = null

  validation {
    condition     = var.models == null || can(regex("^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$", var.models.bucket))
    error_message = "models.bucket: ${try(var.models.bucket, "null")} came, expected a bucket's name, without gs://."
  }

  validation {
    condition     = var.models == null || can(regex("^([A-Za-z0-9_][A-Za-z0-9._-]*/)*[A-Za-z0-9._-]*[0-9][A-Za-z0-9._-]*$", var.models.prefix))
    error_message = "models.prefix: ${try(var.models.prefix, "null")} came, expected a path without slashes at its ends whose last part has a version's number, such as models/2026-11-01."
  }
}

variable "name" {
  description = "Name of the service on Cloud Run. The alerts of slo/generated/gcp look for puerta."
  type        = string
  nullable    = false
  default     = "puerta"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,20}[a-z0-9]$", var.name))
    error_message = "name: ${var.name} came, expected 3 to 22 lower-case letters, digits and hyphens, with a letter first."
  }
}

variable "project_id" {
  description = "Project that the service runs in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id: ${var.project_id} came, expected 6 to 30 lower-case letters, digits and hyphens, with a letter first."
  }
}

variable "project_number" {
  description = "The project's number: the service's URL is made of it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{6,}$", var.project_number))
    error_message = "project_number: ${var.project_number} came, expected digits."
  }
}

variable "region" {
  description = "Region that the service runs in, such as europe-west1."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region: ${var.region} came, expected a region such as europe-west1."
  }
}

variable "scaling" {
  description = "How few and how many instances a revision has. The alerts for metrics that are missing need at least one."
  type = object({
    min = optional(number, 1)
    max = optional(number, 10)
  })
  nullable = false
  default  = {}

  validation {
    condition     = var.scaling.min >= 0 && var.scaling.max >= 1 && var.scaling.max >= var.scaling.min && var.scaling.max <= 1000
    error_message = "scaling: min ${var.scaling.min}, max ${var.scaling.max} came, expected 0 <= min <= max <= 1000, and max at least 1."
  }
}

variable "secrets" {
  description = "Settings that are secret, by environment variable: a secret of Secret Manager and the number of its version."
  type = map(object({
    secret  = string
    version = string
  }))
  nullable = false
  default  = {}

  validation {
    condition     = alltrue([for secret in values(var.secrets) : can(regex("^[1-9][0-9]*$", secret.version))])
    error_message = "secrets: version ${join(", ", values(var.secrets)[*].version)} came, expected a number: latest would change under a revision, and instances of one would differ."
  }

  validation {
    condition     = alltrue([for secret in values(var.secrets) : can(regex("^(projects/[^/]+/secrets/)?[A-Za-z0-9_-]+$", secret.secret))])
    error_message = "secrets: ${join(", ", values(var.secrets)[*].secret)} came, expected a secret's name, or projects/P/secrets/S."
  }

  validation {
    condition     = !contains(keys(var.secrets), "PUERTA_GATEWAY_TOKEN")
    error_message = "secrets: PUERTA_GATEWAY_TOKEN came, expected none, as in `environment`."
  }

  validation {
    condition     = length(setintersection(keys(var.secrets), keys(var.environment))) == 0
    error_message = "secrets: ${join(", ", setintersection(keys(var.secrets), keys(var.environment)))} came in environment too, expected it once."
  }
}

variable "timeout_seconds" {
  description = "After how long Cloud Run ends a request. The service answers within 10 s, the gateway waits for 15."
  type        = number
  nullable    = false
  default     = 30

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 3600 && floor(var.timeout_seconds) == var.timeout_seconds
    error_message = "timeout_seconds: ${var.timeout_seconds} came, expected a whole number, 1 to 3600."
  }
}

variable "trace_ratio" {
  description = "Share of requests traced where no traceparent comes; Cloud Run writes one on most requests, and that one decides."
  type        = number
  nullable    = false
  default     = 0.01

  validation {
    condition     = var.trace_ratio >= 0 && var.trace_ratio <= 1
    error_message = "trace_ratio: ${var.trace_ratio} came, expected 0 to 1."
  }
}

variable "traces" {
  description = "Sidecar that brings the traces to Google (Google's own OpenTelemetry collector), by digest. Null: no traces."
  type = object({
    image  = string
    cpu    = optional(string, "500m")
    memory = optional(string, "256Mi")
  })
  default = null

  validation {
    condition     = var.traces == null || can(regex("@sha256:[0-9a-f]{64}$", var.traces.image))
    error_message = "traces.image: ${try(var.traces.image, "null")} came, expected HOST/PATH@sha256: and 64 hexadecimal digits."
  }
}

variable "vpc" {
  description = "Network that the service's own requests leave through. Null: Google's."
  type = object({
    network    = string
    subnetwork = string
    egress     = optional(string, "PRIVATE_RANGES_ONLY")
    tags       = optional(list(string), [])
  })
  default = null

  validation {
    condition     = var.vpc == null || contains(["ALL_TRAFFIC", "PRIVATE_RANGES_ONLY"], try(var.vpc.egress, ""))
    error_message = "vpc.egress: ${try(var.vpc.egress, "null")} came, expected ALL_TRAFFIC or PRIVATE_RANGES_ONLY."
  }
}
