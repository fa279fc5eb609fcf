variable "accept_any_address" {
  description = "That whoever has the address may come as far as the gateway. Otherwise only `allowed_ranges` may."
  type        = bool
  default     = false
  nullable    = false
}

variable "allowed_ranges" {
  description = "The networks that may come as far as the gateway: those of all clients together."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = var.accept_any_address == (length(var.allowed_ranges) == 0)
    error_message = "allowed_ranges: ${length(var.allowed_ranges)} networks came with accept_any_address = ${var.accept_any_address}, expected networks, or accept_any_address = true without any."
  }

  validation {
    condition = alltrue([for cidr in var.allowed_ranges : can(cidrhost(cidr, 0))])
    error_message = format("allowed_ranges: %s came, expected networks such as 203.0.113.0/24 or 2001:db8::/32.",
    join(", ", [for cidr in var.allowed_ranges : cidr if !can(cidrhost(cidr, 0))]))
  }

  validation {
    condition = alltrue([
      for cidr in var.allowed_ranges : try(tonumber(split("/", cidr)[1]) >= (strcontains(cidr, ":") ? 16 : 8), true)
    ])
    error_message = format("allowed_ranges: %s came, which is next to everybody; expected /8 or narrower, in IPv6 /16. If everybody is meant: accept_any_address.",
      join(", ", [
        for cidr in var.allowed_ranges : cidr
        if !try(tonumber(split("/", cidr)[1]) >= (strcontains(cidr, ":") ? 16 : 8), true)
    ]))
  }
}

variable "deletion_protection" {
  description = "Whether the addresses, which DNS points to, are kept from being destroyed."
  type        = bool
  default     = true
  nullable    = false
}

variable "domain" {
  description = "The name that callers call; its DNS is yours."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.domain))
    error_message = "domain: ${jsonencode(var.domain)} came, expected a name such as predictions.example.com."
  }
}

variable "gateways" {
  description = "The gateways behind the address: by region a gateway's name or id, as module gateway's output `gateways` has them."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(var.gateways) > 0
    error_message = "gateways: none came, expected at least one."
  }

  validation {
    condition = alltrue([
      for region, gateway in var.gateways :
      can(regex("^[a-z]+-[a-z]+[0-9]+$", region)) && can(regex("^(projects/[^/]+/locations/${region}/gateways/)?[a-z][a-z0-9-]{0,47}[a-z0-9]$", gateway))
    ])
    error_message = "gateways: ${jsonencode(var.gateways)} came, expected regions, each with the name or the id of a gateway in it."
  }
}

variable "http_redirect" {
  description = "Whether port 80 sends callers to HTTPS; otherwise nothing listens there."
  type        = bool
  default     = true
  nullable    = false
}

variable "ipv6" {
  description = "Whether there is an IPv6 address too."
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

variable "log_sample_rate" {
  description = "The share of requests that is logged, 0 to 1. What Cloud Armor refuses is among them."
  type        = number
  default     = 0.1
  nullable    = false

  validation {
    condition     = var.log_sample_rate >= 0 && var.log_sample_rate <= 1
    error_message = "log_sample_rate: ${var.log_sample_rate} came, expected a number from 0 to 1."
  }
}

variable "name" {
  description = "What the names of everything here begin with."
  type        = string
  default     = "puerta"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,20}[a-z0-9]$", var.name))
    error_message = "name: ${jsonencode(var.name)} came, expected 3 to 22 small letters, digits and hyphens, a letter first and no hyphen last."
  }
}

variable "project_id" {
  description = "The project that everything is made in, and that the gateways are in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id: ${jsonencode(var.project_id)} came, expected a project's id: 6 to 30 small letters, digits and hyphens."
  }
}

variable "rate" {
  description = "How many requests an address may make in an interval, roughly; then 429."
  type = object({
    interval_sec = number
    requests     = number
  })
  default  = { interval_sec = 60, requests = 6000 }
  nullable = false

  validation {
    condition     = var.rate.requests >= 1 && floor(var.rate.requests) == var.rate.requests
    error_message = "rate.requests: ${var.rate.requests} came, expected a whole number from 1."
  }

  validation {
    condition     = contains([10, 30, 60, 120, 180, 240, 270, 300, 600, 900, 1200, 1800, 2700, 3600], var.rate.interval_sec)
    error_message = "rate.interval_sec: ${var.rate.interval_sec} came, expected one of 10, 30, 60, 120, 180, 240, 270, 300, 600, 900, 1200, 1800, 2700, 3600."
  }
}

variable "waf_rules" {
  description = "Cloud Armor's own rule sets that requests are held to, each with its sensitivity, 1 (few false alarms) to 4: { sqli-v33-stable = 1 }."
  type        = map(number)
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for set, sensitivity in var.waf_rules : can(regex("^[a-z0-9-]+$", set)) && contains([1, 2, 3, 4], sensitivity)
    ])
    error_message = "waf_rules: ${jsonencode(var.waf_rules)} came, expected names of rule sets, each with a sensitivity from 1 to 4."
  }
}
