mock_provider "google" {
  mock_resource "google_apikeys_key" {
    defaults = { key_string = "the-string-of-a-key" }
  }
  mock_resource "google_service_account" {
    defaults = { email = "puerta-gateway@an-example.iam.gserviceaccount.com" }
  }
}

mock_provider "google-beta" {
  mock_resource "google_api_gateway_api" {
    defaults = { managed_service = "puerta-0example.apigateway.an-example.cloud.goog" }
  }
  mock_resource "google_api_gateway_gateway" {
    defaults = { default_hostname = "puerta-gateway-0example.ew.gateway.dev" }
  }
}

variables {
  project_id  = "an-example"
  region      = "europe-west1"
  backend_url = "https://puerta-123456789012.europe-west1.run.app"
  labels      = { environment = "test" }
  openapi     = <<-EOT
    openapi: 3.1.0
    info: {title: "$${api_title}", description: "a $$${dollar} and %%%{percent}", version: "1"}
    security: [{ApiKey: []}]
    x-google-api-management:
      backends:
        service: {address: "$${backend_url}", jwtAudience: "$${backend_url}", deadline: 15.0}
  EOT
  clients = {
    acme = {
      allowed_ips = ["203.0.113.0/24", "2001:db8:a1::/48"], any_address = false, burst = 100, contact = "", daily_quota = null
      models      = ["all"], operations = ["all"], owner = "Acme", requests_per_minute = 3000
    }
  }
}

run "from_the_policy" {
  # The rendered files, as they are committed.
  variables {
    openapi = file("../../../gateway-config/generated/openapi-gcp.yaml")
    clients = jsondecode(file("../../../gateway-config/generated/clients.auto.tfvars.json")).clients
  }

  assert {
    condition = toset([for key in keys(google_apikeys_key.client) : trimsuffix(key, "-g1")]) == toset(keys(
      jsondecode(file("../../../gateway-config/generated/clients.auto.tfvars.json")).clients
    ))
    error_message = "The clients of the policy are not those who have keys."
  }

  assert {
    condition = alltrue([for client, terms in var.clients :
      google_apikeys_key.client["${client}-g1"].restrictions[0].server_key_restrictions[0].allowed_ips == tolist(terms.allowed_ips)
    ])
    error_message = "A key's allowlist is not its client's."
  }

  assert {
    condition = base64decode(google_api_gateway_api_config.predictions["europe-west1"].openapi_documents[0].document[0].contents) == replace(
      replace(var.openapi, "$${backend_url}", var.backend_url), "$${api_title}", "Puerta"
    )
    error_message = "The gateway is given another document than the one that was checked."
  }
}

run "keys_are_locked" {
  assert {
    condition = alltrue([for key in google_apikeys_key.client :
    [for target in key.restrictions[0].api_targets : target.service] == [google_api_gateway_api.predictions.managed_service]])
    error_message = "A key is not for this API alone."
  }

  assert {
    condition     = alltrue([for key in google_apikeys_key.client : length(key.restrictions[0].server_key_restrictions[0].allowed_ips) > 0])
    error_message = "A key has no allowlist."
  }

  assert {
    condition     = google_project_service.predictions.service == google_api_gateway_api.predictions.managed_service
    error_message = "The API's managed service is not enabled, so that every key is refused."
  }

  assert {
    condition     = google_apikeys_key.client["acme-g1"].name == "puerta-acme-g1"
    error_message = "A key's name is not NAME-CLIENT-gGENERATION."
  }
}

run "what_it_is_told" {
  assert {
    condition = (
      google_api_gateway_api_config.predictions["europe-west1"].gateway_config[0].backend_config[0].google_service_account
      == google_service_account.gateway.email
    )
    error_message = "The gateway calls the service under another account than its own."
  }

  assert {
    condition = (
      google_api_gateway_gateway.predictions["europe-west1"].api_config
      == google_api_gateway_api_config.predictions["europe-west1"].id
    )
    error_message = "The gateway serves another config."
  }

  assert {
    condition = yamldecode(base64decode(
      google_api_gateway_api_config.predictions["europe-west1"].openapi_documents[0].document[0].contents
    )).info == { description = "a $${dollar} and %%{percent}", title = "Puerta", version = "1" }
    error_message = "What the template has escaped does not come out as it was."
  }

  assert {
    condition     = google_api_gateway_api_config.predictions["europe-west1"].api_config_id_prefix == "puerta-"
    error_message = "A config has a fixed name, so that the next one can't be there before it goes."
  }

  assert {
    condition = alltrue([for labels in [
      google_api_gateway_api.predictions.labels,
      google_api_gateway_api_config.predictions["europe-west1"].labels,
      google_api_gateway_gateway.predictions["europe-west1"].labels,
    ] : labels == tomap({ environment = "test" })])
    error_message = "Labels are not passed on."
  }

  assert {
    condition     = output.gateway_url == "https://puerta-gateway-0example.ew.gateway.dev"
    error_message = "The output gateway_url is not the gateway's address."
  }

  assert {
    condition     = output.gateways == { europe-west1 = "puerta-gateway" }
    error_message = "The output gateways is not the gateway's name by region."
  }
}

run "generations" {
  variables {
    clients = {
      acme = {
        allowed_ips = ["203.0.113.0/24"], any_address = false, burst = null, contact = "", daily_quota = null, generations = [9, 10]
        models      = ["all"], operations = ["all"], owner = "Acme", requests_per_minute = null
      }
    }
  }

  assert {
    condition     = keys(google_apikeys_key.client) == ["acme-g10", "acme-g9"]
    error_message = "A client that changes over does not have both keys."
  }

  assert {
    condition = (
      output.key_commands == { acme = "gcloud services api-keys get-key-string puerta-acme-g10 --location=global --project=an-example --format='value(keyString)'" }
    )
    error_message = "The command does not fetch the newest key."
  }

  assert {
    condition     = !strcontains(jsonencode([output.keys, output.key_commands]), "the-string-of-a-key")
    error_message = "A key's string is in an output."
  }
}

run "several_regions" {
  variables {
    replicas = { us-central1 = "https://puerta-123456789012.us-central1.run.app" }
  }

  assert {
    condition     = toset(keys(google_api_gateway_gateway.predictions)) == toset(["europe-west1", "us-central1"])
    error_message = "There is not a gateway in every region."
  }

  assert {
    condition = alltrue([for region, config in google_api_gateway_api_config.predictions : strcontains(
      base64decode(config.openapi_documents[0].document[0].contents), "https://puerta-123456789012.${region}.run.app"
    )])
    error_message = "A region's gateway does not call its own region's service."
  }

  assert {
    condition     = length(google_apikeys_key.client) == 1
    error_message = "One key is not for all regions."
  }
}

run "any_address_that_is_accepted" {
  variables {
    accept_any_address = ["everybody"]
    clients = {
      everybody = {
        allowed_ips = [], any_address = true, burst = null, contact = "", daily_quota = null
        models      = ["all"], operations = ["all"], owner = "A demonstration", requests_per_minute = null
      }
    }
  }

  assert {
    condition     = length(google_apikeys_key.client["everybody-g1"].restrictions[0].server_key_restrictions) == 0
    error_message = "A client that may call from everywhere has an allowlist."
  }

  assert {
    condition     = length(google_apikeys_key.client["everybody-g1"].restrictions[0].api_targets) == 1
    error_message = "A key without an allowlist is not even held to its API."
  }
}

run "protected" {
  command = plan

  assert {
    condition = (
      google_api_gateway_api.predictions.deletion_policy == "PREVENT" &&
      google_api_gateway_gateway.predictions["europe-west1"].deletion_policy == "PREVENT" &&
      google_apikeys_key.client["acme-g1"].deletion_policy == "DELETE"
    )
    error_message = "The URL, the API or a key that is in use can be destroyed by mistake."
  }

  # A config is replaced with every new document.
  assert {
    condition     = google_api_gateway_api_config.predictions["europe-west1"].deletion_policy != "PREVENT"
    error_message = "An old config can't go."
  }
}

run "unprotected" {
  command = plan

  variables {
    deletion_protection = false
  }

  assert {
    condition = (
      google_api_gateway_api.predictions.deletion_policy == "DELETE" &&
      google_api_gateway_gateway.predictions["europe-west1"].deletion_policy == "DELETE" &&
      google_apikeys_key.client["acme-g1"].deletion_policy == "FORCE"
    )
    error_message = "What is no longer protected can't be destroyed."
  }
}
