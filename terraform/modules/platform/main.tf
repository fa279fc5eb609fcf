# One call that makes everything. The files that are generated elsewhere in this repository are read where they are, so that what
# is deployed is what was checked.

locals {
  repository = "${path.module}/../../.."
  generated  = "${local.repository}/gateway-config/generated"
  objectives = "${local.repository}/slo/generated/gcp"
  rules      = "${local.repository}/slo/generated/rules"
  dashboards = "${local.repository}/dashboards/generated"

  # By region, what is appended to the names of a service that have to be unique in the project.
  suffixes = merge({ (var.region) = "" }, { for short, region in var.replicas : region => "-${short}" })

  policy_clients = jsondecode(file("${local.generated}/clients.auto.tfvars.json")).clients

  # Beside what the policy says, what is particular to this deployment: which generations of their keys live.
  clients = {
    for client, terms in local.policy_clients :
    client => merge(terms, { generations = lookup(var.gateway.key_generations, client, [1]) })
  }

  # What the models take, for the columns of the log. Those in the image are those of this repository.
  models = "${local.repository}/model-files"
  manifests = var.prediction_log.manifests == null ? {
    for path in fileset(local.models, "*/*/manifest.json") : dirname(path) => file("${local.models}/${path}")
  } : var.prediction_log.manifests

  log_location = coalesce(var.prediction_log.location, var.region)
}

module "apis" {
  source = "../apis"

  project_id     = var.project_id
  project_number = var.project_number
  kms_keys       = var.kms_keys
}
