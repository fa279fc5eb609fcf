# One API; in each region a config of it, with that region's service behind it, and a gateway that serves the config.

locals {
  # Another API is another managed service, with other keys; another gateway has another URL. Neither goes by mistake.
  deletion_policy = var.deletion_protection ? "PREVENT" : "DELETE"

  backends = merge(var.replicas, { (var.region) = var.backend_url })

  # What gateway_config has rendered and checked is filled in and otherwise left as it is. It has escaped every
  # other `$${` itself. Decoding and encoding it anew would hand Google another text than the one that was checked.
  documents = {
    for region, url in local.backends : region => templatestring(var.openapi, {
      api_title   = var.api_title
      backend_url = url
    })
  }
}

resource "google_api_gateway_api" "predictions" {
  provider = google-beta

  project         = var.project_id
  api_id          = var.name
  display_name    = var.api_title
  deletion_policy = local.deletion_policy
  labels          = var.labels
}

# Without it every key is refused: it is this service that a key is for.
resource "google_project_service" "predictions" {
  project            = var.project_id
  service            = google_api_gateway_api.predictions.managed_service
  disable_on_destroy = false # it is deleted together with its API

  # Before its first config the service is empty, and can't be enabled.
  depends_on = [google_api_gateway_api_config.predictions]
}

# A config can't be changed: another document is another config, under a name that the provider makes up. A gateway
# never stands without one: the new one is there before the old one goes.
resource "google_api_gateway_api_config" "predictions" {
  for_each = local.documents
  provider = google-beta

  project              = var.project_id
  api                  = google_api_gateway_api.predictions.api_id
  api_config_id_prefix = "${var.name}-"
  display_name         = "${var.api_title} ${each.key}"
  labels               = var.labels

  gateway_config {
    backend_config {
      google_service_account = google_service_account.gateway.email
    }
  }

  openapi_documents {
    document {
      path     = "openapi.yaml"
      contents = base64encode(each.value)
    }
  }

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = try(length(yamldecode(each.value).security) > 0, false)
      error_message = "openapi: its root has no `security`, expected a key to be asked for where an operation says nothing."
    }

    precondition {
      condition = try(length(yamldecode(each.value)["x-google-api-management"].backends) > 0 && alltrue([
        for backend in yamldecode(each.value)["x-google-api-management"].backends :
        backend.address == local.backends[each.key] && backend.jwtAudience == local.backends[each.key]
      ]), false)
      error_message = "openapi: expected every backend's address and jwtAudience to be ${local.backends[each.key]}, as in gateway-config/generated/openapi-gcp.yaml."
    }
  }
}

resource "google_api_gateway_gateway" "predictions" {
  for_each = local.documents
  provider = google-beta

  project         = var.project_id
  region          = each.key
  gateway_id      = "${var.name}-gateway"
  api_config      = google_api_gateway_api_config.predictions[each.key].id
  display_name    = "${var.api_title} ${each.key}"
  deletion_policy = local.deletion_policy
  labels          = var.labels
}

# A warning, not an error: Google adds regions.
check "regions" {
  assert {
    condition = length(setsubtract(keys(local.backends), local.known_regions)) == 0
    error_message = format(
      "region: %s came, expected one in which there was an API Gateway in November 2026: %s.",
      join(", ", setsubtract(keys(local.backends), local.known_regions)), join(", ", local.known_regions),
    )
  }
}

locals {
  known_regions = [
    "asia-northeast1", "australia-southeast1", "europe-west1", "europe-west2", "us-central1",
    "us-east1", "us-east4", "us-west2", "us-west3", "us-west4",
  ]
}
