# The service and the gateway in front of it, and nothing else: no alerts, no log beyond Cloud Logging, one region.

module "apis" {
  source = "../../modules/apis"

  project_id = var.project_id
  apis = [
    "apigateway.googleapis.com",
    "apikeys.googleapis.com",
    "artifactregistry.googleapis.com",
    "iam.googleapis.com",
    "run.googleapis.com",
    "servicecontrol.googleapis.com",
    "servicemanagement.googleapis.com",
  ]
}

module "service" {
  source = "../../modules/service"

  project_id          = var.project_id
  project_number      = var.project_number
  region              = var.region
  image               = var.service_image
  scaling             = { min = 0, max = 1 }
  deletion_protection = false # an example is taken down again

  invokers = { gateway = "serviceAccount:${module.gateway.service_account_email}" }

  depends_on = [module.apis]
}

module "gateway" {
  source = "../../modules/gateway"

  project_id  = var.project_id
  region      = var.region
  openapi     = file("${path.module}/../../../gateway-config/generated/openapi-gcp.yaml")
  clients     = jsondecode(file("${path.module}/../../../gateway-config/generated/clients.auto.tfvars.json")).clients
  backend_url = module.service.service_url

  depends_on = [module.apis]
}
