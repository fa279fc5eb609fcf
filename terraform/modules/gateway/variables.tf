variable "accept_any_address" {
  description = "The clients with `any_address` of whom that is accepted: whoever has their key may call from everywhere."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "api_title" {
  description = "What callers read above the API's documentation: letters, digits and spaces."
  type        = string
  default     = "Puerta"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9 ]{0,29}$", var.api_title))
    error_message = "api_title: ${jsonencode(var.api_title)} came, expected up to 30 letters, digits and spaces, a letter first."
  }
}

variable "backend_url" {
  description = "The service in `region`, without a path. It is also the audience of the identity token that the gateway sends."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^https://[a-z0-9][a-z0-9.-]*[a-z0-9]$", var.backend_url))
    error_message = "backend_url: ${jsonencode(var.backend_url)} came, expected https://HOST without a path."
  }
}

variable "clients" {
  description = <<-EOT
    Who may call, by name: gateway-config/generated/clients.auto.tfvars.json, and for each client the generations of
    its key that live. GCP holds `any_address` and `allowed_ips`; `burst`, `daily_quota`, `operations` and `models`
    say what was agreed (gateway-config/generated/rules.md).
  EOT
  type = map(object({
    allowed_ips         = list(string)
    any_address         = bool
    burst               = number
    contact             = string
    daily_quota         = number
    generations         = optional(list(number), [1])
    models              = list(string)
    operations          = list(string)
    owner               = string
    requests_per_minute = number
  }))
  nullable = false

  validation {
    condition = alltrue([for client in keys(var.clients) : can(regex("^[a-z0-9][a-z0-9-]{0,33}$", client))])
    error_message = format("clients: %s came, expected names of up to 34 small letters, digits and hyphens, no hyphen first.",
    join(", ", [for client in keys(var.clients) : client if !can(regex("^[a-z0-9][a-z0-9-]{0,33}$", client))]))
  }

  validation {
    condition = alltrue([for terms in values(var.clients) : terms.any_address || length(terms.allowed_ips) > 0])
    error_message = format("clients: %s: allowed_ips is empty, expected the networks that the client calls from.",
    join(", ", [for client, terms in var.clients : client if !terms.any_address && length(terms.allowed_ips) == 0]))
  }

  validation {
    condition = alltrue([for terms in values(var.clients) : !terms.any_address || length(terms.allowed_ips) == 0])
    error_message = format("clients: %s: any_address is true and allowed_ips is not empty, expected one of them.",
    join(", ", [for client, terms in var.clients : client if terms.any_address && length(terms.allowed_ips) > 0]))
  }

  validation {
    condition = alltrue([for client, terms in var.clients : !terms.any_address || contains(var.accept_any_address, client)])
    error_message = format("clients: %s: any_address is true, expected the name in accept_any_address too, if that is meant.",
    join(", ", [for client, terms in var.clients : client if terms.any_address && !contains(var.accept_any_address, client)]))
  }

  # Here, as two variables can't look at each other.
  validation {
    condition = alltrue([for client in var.accept_any_address : try(var.clients[client].any_address, false)])
    error_message = format("accept_any_address: %s came, expected clients whose any_address is true.",
    join(", ", [for client in var.accept_any_address : client if !try(var.clients[client].any_address, false)]))
  }

  validation {
    condition = alltrue([for cidr in flatten(values(var.clients)[*].allowed_ips) : can(cidrhost(cidr, 0))])
    error_message = format("clients: allowed_ips: %s came, expected networks such as 203.0.113.0/24 or 2001:db8::/32.",
    join(", ", [for cidr in flatten(values(var.clients)[*].allowed_ips) : cidr if !can(cidrhost(cidr, 0))]))
  }

  # 0.0.0.0/0 and ::/0 are everybody; so are two halves of them.
  validation {
    condition = alltrue([
      for cidr in flatten(values(var.clients)[*].allowed_ips) :
      try(tonumber(split("/", cidr)[1]) >= (strcontains(cidr, ":") ? 16 : 8), true)
    ])
    error_message = format("clients: allowed_ips: %s came, which is next to everybody; expected /8 or narrower, in IPv6 /16. If everybody is meant: any_address.",
      join(", ", [
        for cidr in flatten(values(var.clients)[*].allowed_ips) : cidr
        if !try(tonumber(split("/", cidr)[1]) >= (strcontains(cidr, ":") ? 16 : 8), true)
    ]))
  }

  validation {
    condition = alltrue([
      for terms in values(var.clients) : contains([1, 2], length(terms.generations)) &&
      length(distinct(terms.generations)) == length(terms.generations) &&
      alltrue([for generation in terms.generations : generation >= 1 && generation <= 9999 && floor(generation) == generation])
    ])
    error_message = format("clients: generations: %s came, expected one or two different whole numbers from 1 for each client.",
    jsonencode({ for client, terms in var.clients : client => terms.generations }))
  }
}

variable "deletion_protection" {
  description = "Whether API and gateways are kept from being destroyed, and keys that were used within the last seven days."
  type        = bool
  default     = true
  nullable    = false
}

variable "labels" {
  description = "Labels of everything here that can have some."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "name" {
  description = "The API's name, and what the names of all else here begin with."
  type        = string
  default     = "puerta"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,20}[a-z0-9]$", var.name))
    error_message = "name: ${jsonencode(var.name)} came, expected 3 to 22 small letters, digits and hyphens, a letter first and no hyphen last."
  }
}

variable "openapi" {
  description = "The contents of gateway-config/generated/openapi-gcp.yaml: a template of `api_title` and `backend_url`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("(?m)^openapi: 3\\.", var.openapi))
    error_message = "openapi: expected the text of an OpenAPI 3 document in YAML, such as file(\"gateway-config/generated/openapi-gcp.yaml\")."
  }
}

variable "project_id" {
  description = "The project that everything is made in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id: ${jsonencode(var.project_id)} came, expected a project's id: 6 to 30 small letters, digits and hyphens."
  }
}

variable "region" {
  description = "Where the gateway stands. API Gateway is not in every region."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region: ${jsonencode(var.region)} came, expected a region such as europe-west1."
  }
}

variable "replicas" {
  description = "Further regions, each with the URL of its service: the same API and the same keys, behind one address with module edge."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for region, url in var.replicas :
      can(regex("^[a-z]+-[a-z]+[0-9]+$", region)) && can(regex("^https://[a-z0-9][a-z0-9.-]*[a-z0-9]$", url))
    ])
    error_message = "replicas: ${jsonencode(var.replicas)} came, expected regions such as us-central1, each with https://HOST."
  }

  validation {
    condition     = !contains(keys(var.replicas), var.region)
    error_message = "replicas: ${var.region} is `region` already, expected others."
  }
}
