mock_provider "google" {}
mock_provider "google-beta" {}

# Each run has one mistake, and the field that must refuse it.

variables {
  project_id  = "an-example"
  region      = "europe-west1"
  backend_url = "https://puerta-123456789012.europe-west1.run.app"
  openapi     = <<-EOT
    openapi: 3.1.0
    security: [{ApiKey: []}]
    x-google-api-management:
      backends:
        service: {address: "$${backend_url}", jwtAudience: "$${backend_url}"}
  EOT
  clients     = {}
}

run "no_networks" {
  command = plan

  variables {
    clients = {
      "acme" = {
        allowed_ips = [], any_address = false, burst = null, contact = "", daily_quota = null
        models      = ["all"], operations = ["all"], owner = "Acme", requests_per_minute = null
      }
    }
  }

  expect_failures = [var.clients]
}

run "everybody" {
  command = plan

  variables {
    clients = {
      "acme" = {
        allowed_ips = ["0.0.0.0/0"], any_address = false, burst = null, contact = "", daily_quota = null
        models      = ["all"], operations = ["all"], owner = "Acme", requests_per_minute = null
      }
    }
  }

  expect_failures = [var.clients]
}

run "everybody_in_ipv6" {
  command = plan

  variables {
    clients = {
      "acme" = {
        allowed_ips = ["203.0.113.0/24", "::/0"], any_address = false, burst = null, contact = "", daily_quota = null
        models      = ["all"], operations = ["all"], owner = "Acme", requests_per_minute = null
      }
    }
  }

  expect_failures = [var.clients]
}

run "two_halves_of_everybody" {
  command = plan

  variables {
    clients = {
      "acme" = {
        allowed_ips = ["0.0.0.0/1", "128.0.0.0/1"], any_address = false, burst = null, contact = "", daily_quota = null
        models      = ["all"], operations = ["all"], owner = "Acme", requests_per_minute = null
      }
    }
  }

  expect_failures = [var.clients]
}

run "a_host_name" {
  command = plan

  variables {
    clients = {
      "acme" = {
        allowed_ips = ["acme.example"], any_address = false, burst = null, contact = "", daily_quota = null
        models      = ["all"], operations = ["all"], owner = "Acme", requests_per_minute = null
      }
    }
  }

  expect_failures = [var.clients]
}

run "an_address_without_a_width" {
  command = plan

  variables {
    clients = {
      "acme" = {
        allowed_ips = ["203.0.113.7"], any_address = false, burst = null, contact = "", daily_quota = null
        models      = ["all"], operations = ["all"], owner = "Acme", requests_per_minute = null
      }
    }
  }

  expect_failures = [var.clients]
}

run "a_width_too_many" {
  command = plan

  variables {
    clients = {
      "acme" = {
        allowed_ips = ["203.0.113.0/33"], any_address = false, burst = null, contact = "", daily_quota = null
        models      = ["all"], operations = ["all"], owner = "Acme", requests_per_minute = null
      }
    }
  }

  expect_failures = [var.clients]
}

run "any_address_that_nobody_accepted" {
  command = plan

  variables {
    clients = {
      "acme" = {
        allowed_ips = [], any_address = true, burst = null, contact = "", daily_quota = null
        models      = ["all"], operations = ["all"], owner = "Acme", requests_per_minute = null
      }
    }
  }

  expect_failures = [var.clients]
}

run "any_address_and_networks" {
  command = plan

  variables {
    accept_any_address = ["acme"]
    clients = {
      "acme" = {
        allowed_ips = ["203.0.113.0/24"], any_address = true, burst = null, contact = "", daily_quota = null
        models      = ["all"], operations = ["all"], owner = "Acme", requests_per_minute = null
      }
    }
  }

  expect_failures = [var.clients]
}

run "a_generation_twice" {
  command = plan

  variables {
    clients = {
      "acme" = {
        allowed_ips = ["203.0.113.0/24"], any_address = false, burst = null, contact = "", daily_quota = null, generations = [1, 1]
        models      = ["all"], operations = ["all"], owner = "Acme", requests_per_minute = null
      }
    }
  }

  expect_failures = [var.clients]
}

run "three_generations" {
  command = plan

  variables {
    clients = {
      "acme" = {
        allowed_ips = ["203.0.113.0/24"], any_address = false, burst = null, contact = "", daily_quota = null, generations = [1, 2, 3]
        models      = ["all"], operations = ["all"], owner = "Acme", requests_per_minute = null
      }
    }
  }

  expect_failures = [var.clients]
}

run "half_a_generation" {
  command = plan

  variables {
    clients = {
      "acme" = {
        allowed_ips = ["203.0.113.0/24"], any_address = false, burst = null, contact = "", daily_quota = null, generations = [1.5]
        models      = ["all"], operations = ["all"], owner = "Acme", requests_per_minute = null
      }
    }
  }

  expect_failures = [var.clients]
}

run "a_client_name_that_no_key_can_have" {
  command = plan

  variables {
    clients = {
      "Acme_Air" = {
        allowed_ips = ["203.0.113.0/24"], any_address = false, burst = null, contact = "", daily_quota = null
        models      = ["all"], operations = ["all"], owner = "Acme", requests_per_minute = null
      }
    }
  }

  expect_failures = [var.clients]
}

run "an_acceptance_of_nobody" {
  command = plan

  variables {
    accept_any_address = ["nobody"]
  }

  expect_failures = [var.clients]
}

run "a_title_that_breaks_yaml" {
  command = plan

  variables {
    api_title = "Ours: the best"
  }

  expect_failures = [var.api_title]
}

run "a_backend_with_a_path" {
  command = plan

  variables {
    backend_url = "https://puerta.example/v1"
  }

  expect_failures = [var.backend_url]
}

run "a_backend_in_the_open" {
  command = plan

  variables {
    backend_url = "http://puerta.example"
  }

  expect_failures = [var.backend_url]
}

run "a_name_too_long" {
  command = plan

  variables {
    name = "puerta-of-the-flights-office"
  }

  expect_failures = [var.name]
}

run "no_document" {
  command = plan

  variables {
    openapi = "{}"
  }

  expect_failures = [var.openapi]
}

run "a_project_number" {
  command = plan

  variables {
    project_id = "123456789012"
  }

  expect_failures = [var.project_id]
}

run "a_zone" {
  command = plan

  variables {
    region = "europe-west1-b"
  }

  expect_failures = [var.region]
}

run "the_same_region_again" {
  command = plan

  variables {
    replicas = { europe-west1 = "https://puerta.example" }
  }

  expect_failures = [var.replicas]
}

run "a_replica_without_https" {
  command = plan

  variables {
    replicas = { us-central1 = "puerta.example" }
  }

  expect_failures = [var.replicas]
}

run "a_region_without_a_gateway" {
  command = plan

  variables {
    region = "southamerica-west1"
  }

  expect_failures = [check.regions]
}

run "a_document_that_asks_for_no_key" {
  command = plan

  variables {
    openapi = <<-EOT
      openapi: 3.1.0
      security: []
      x-google-api-management: {backends: {service: {address: "$${backend_url}", jwtAudience: "$${backend_url}"}}}
    EOT
  }

  expect_failures = [google_api_gateway_api_config.predictions]
}

run "a_document_with_another_backend" {
  command = plan

  variables {
    openapi = <<-EOT
      openapi: 3.1.0
      security: [{ApiKey: []}]
      x-google-api-management: {backends: {service: {address: "https://another.example", jwtAudience: "$${backend_url}"}}}
    EOT
  }

  expect_failures = [google_api_gateway_api_config.predictions]
}

run "a_document_without_an_audience" {
  command = plan

  variables {
    openapi = <<-EOT
      openapi: 3.1.0
      security: [{ApiKey: []}]
      x-google-api-management: {backends: {service: {address: "$${backend_url}"}}}
    EOT
  }

  expect_failures = [google_api_gateway_api_config.predictions]
}
