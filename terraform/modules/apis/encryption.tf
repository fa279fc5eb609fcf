# With keys of one's own it is Google's service agents that encrypt and decrypt, each for its product. They are granted
# here, once: if each module granted the agents that it needs, the first one destroyed would take the key from the rest.

locals {
  # Their addresses never change. Built from the project's number, they are known when a plan is made.
  agents = { for product, agent in {
    bigquery      = "bq-${coalesce(var.project_number, "0")}@bigquery-encryption"
    pubsub        = "service-${coalesce(var.project_number, "0")}@gcp-sa-pubsub"
    run           = "service-${coalesce(var.project_number, "0")}@serverless-robot-prod"
    secretmanager = "service-${coalesce(var.project_number, "0")}@gcp-sa-secretmanager"
    storage       = "service-${coalesce(var.project_number, "0")}@gs-project-accounts"
  } : product => "serviceAccount:${agent}.iam.gserviceaccount.com" if contains(var.apis, "${product}.googleapis.com") }

  encrypting = length(var.kms_keys) == 0 ? {} : local.agents

  grants = merge([
    for name, key in var.kms_keys : {
      for product, agent in local.encrypting : "${name}/${product}" => { key = key, agent = agent }
    }
  ]...)
}

# An agent is only made when it is first needed or asked for, and nobody can be granted anything before.
resource "google_project_service_identity" "agent" {
  provider = google-beta
  for_each = toset([for product in ["pubsub", "run", "secretmanager"] : product if contains(keys(local.encrypting), product)])

  project = var.project_id
  service = google_project_service.api["${each.value}.googleapis.com"].service
}

data "google_bigquery_default_service_account" "agent" {
  count = contains(keys(local.encrypting), "bigquery") ? 1 : 0

  project    = var.project_id
  depends_on = [google_project_service.api]
}

data "google_storage_project_service_account" "agent" {
  count = contains(keys(local.encrypting), "storage") ? 1 : 0

  project    = var.project_id
  depends_on = [google_project_service.api]
}

resource "google_kms_crypto_key_iam_member" "agent" {
  for_each = local.grants

  crypto_key_id = each.value.key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = each.value.agent

  depends_on = [
    data.google_bigquery_default_service_account.agent,
    data.google_storage_project_service_account.agent,
    google_project_service_identity.agent,
  ]
}
