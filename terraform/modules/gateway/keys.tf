# A key for each generation of each client. Another generation is another key, so that both work while the client
# changes over. Google makes the key's string; it is in the state and in no output.

locals {
  keys = merge([
    for client, terms in var.clients : {
      for generation in terms.generations : "${client}-g${generation}" => terms
    }
  ]...)
}

resource "google_apikeys_key" "client" {
  for_each = local.keys

  project      = var.project_id
  name         = "${var.name}-${each.key}"
  display_name = substr("${each.key}, ${each.value.owner}", 0, 63)

  # DELETE fails where the key was used within seven days: a generation can't be dropped while its client needs it.
  deletion_policy = var.deletion_protection ? "DELETE" : "FORCE"

  restrictions {
    api_targets {
      service = google_project_service.predictions.service
    }

    # Absent only for a client of whom `any_address` was said and accepted.
    dynamic "server_key_restrictions" {
      for_each = each.value.any_address ? [] : [each.value.allowed_ips]

      content {
        allowed_ips = server_key_restrictions.value
      }
    }
  }
}
