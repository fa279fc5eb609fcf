mock_provider "google" {}
mock_provider "google-beta" {}

# Each run has one mistake, and the field that must refuse it.

variables {
  project_id     = "an-example"
  domain         = "predictions.example.com"
  gateways       = { europe-west1 = "puerta-gateway" }
  allowed_ranges = ["203.0.113.0/24"]
}

run "no_networks" {
  command = plan

  variables {
    allowed_ranges = []
  }

  expect_failures = [var.allowed_ranges]
}

run "networks_and_everybody" {
  command = plan

  variables {
    accept_any_address = true
  }

  expect_failures = [var.allowed_ranges]
}

run "everybody" {
  command = plan

  variables {
    allowed_ranges = ["0.0.0.0/0"]
  }

  expect_failures = [var.allowed_ranges]
}

run "everybody_in_ipv6" {
  command = plan

  variables {
    allowed_ranges = ["203.0.113.0/24", "::/0"]
  }

  expect_failures = [var.allowed_ranges]
}

run "two_halves_of_everybody" {
  command = plan

  variables {
    allowed_ranges = ["0.0.0.0/1", "128.0.0.0/1"]
  }

  expect_failures = [var.allowed_ranges]
}

run "a_host_name" {
  command = plan

  variables {
    allowed_ranges = ["acme.example"]
  }

  expect_failures = [var.allowed_ranges]
}

run "a_domain_that_is_a_url" {
  command = plan

  variables {
    domain = "https://predictions.example.com"
  }

  expect_failures = [var.domain]
}

run "no_gateways" {
  command = plan

  variables {
    gateways = {}
  }

  expect_failures = [var.gateways]
}

run "a_gateway_of_another_region" {
  command = plan

  variables {
    gateways = { europe-west1 = "projects/an-example/locations/us-east1/gateways/puerta-gateway" }
  }

  expect_failures = [var.gateways]
}

run "a_share_in_percent" {
  command = plan

  variables {
    log_sample_rate = 10
  }

  expect_failures = [var.log_sample_rate]
}

run "a_name_too_long" {
  command = plan

  variables {
    name = "puerta-of-the-flights-office"
  }

  expect_failures = [var.name]
}

run "a_project_number" {
  command = plan

  variables {
    project_id = "123456789012"
  }

  expect_failures = [var.project_id]
}

run "an_interval_that_is_not_offered" {
  command = plan

  variables {
    rate = { requests = 100, interval_sec = 45 }
  }

  expect_failures = [var.rate]
}

run "no_requests_at_all" {
  command = plan

  variables {
    rate = { requests = 0, interval_sec = 60 }
  }

  expect_failures = [var.rate]
}

run "a_rule_set_that_breaks_out" {
  command = plan

  variables {
    waf_rules = { "x') || true || ('" = 1 }
  }

  expect_failures = [var.waf_rules]
}

run "a_sensitivity_too_high" {
  command = plan

  variables {
    waf_rules = { sqli-v33-stable = 5 }
  }

  expect_failures = [var.waf_rules]
}
