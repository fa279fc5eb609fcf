# The files that Grafana starts with. In a bucket, as four of the six dashboards are larger than a secret may be.

locals {
  mount = "/etc/grafana/provisioning"

  provisioning = merge({
    "dashboards/puerta.yaml" = yamlencode({
      apiVersion = 1
      providers = [{
        name                  = "Puerta"
        type                  = "file"
        folder                = "Puerta"
        folderUid             = "puerta"
        allowUiUpdates        = false # what is changed belongs into the specs and dashboards/boards
        disableDeletion       = false
        updateIntervalSeconds = 60
        options               = { path = "${local.mount}/boards" }
      }]
    })

    # As dashboards/provisioning has it for the local Prometheus, but for the address and how often metrics come.
    "datasources/puerta.yaml" = yamlencode({
      apiVersion = 1
      datasources = [{
        name      = "Puerta"
        uid       = "puerta-prometheus" # what the dashboards begin with
        type      = "prometheus"
        access    = "proxy"
        url       = var.query_url
        isDefault = true
        editable  = false
        jsonData = {
          httpMethod     = "POST" # long queries don't fit into an address
          prometheusType = "Prometheus"
          queryTimeout   = "110s"
          timeInterval   = "${var.scrape_seconds}s" # $__rate_interval is made of it
        }
      }]
    })
    }, var.rules == null ? {} : merge(
    { "rules/prometheus.yaml" = yamlencode({ rule_files = ["${local.mount}/rules/objectives/*.yaml"] }) },
    { for name, text in var.rules.files : "rules/objectives/${name}.yaml" => text },
  ))
}

resource "google_storage_bucket" "provisioning" {
  project                     = var.project_id
  name                        = "${var.project_id}-${local.service}"
  location                    = var.region
  labels                      = var.labels
  force_destroy               = !var.deletion_protection # it holds nothing that is not in the repository
  public_access_prevention    = "enforced"
  uniform_bucket_level_access = true

  versioning {
    enabled = true
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      num_newer_versions = 5
      with_state         = "ARCHIVED"
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key == null ? [] : [var.kms_key]

    content {
      default_kms_key_name = encryption.value
    }
  }
}

resource "google_storage_bucket_object" "provisioning" {
  for_each = local.provisioning

  bucket       = google_storage_bucket.provisioning.name
  name         = each.key
  content      = each.value
  content_type = "application/yaml"
}

resource "google_storage_bucket_object" "dashboard" {
  for_each = var.dashboards

  bucket       = google_storage_bucket.provisioning.name
  name         = "boards/${each.key}.json"
  content      = each.value
  content_type = "application/json"
}
