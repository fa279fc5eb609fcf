mock_provider "google" {
  mock_resource "google_service_account" {
    defaults = {
      email  = "puerta-grafana@an-example.iam.gserviceaccount.com"
      member = "serviceAccount:puerta-grafana@an-example.iam.gserviceaccount.com"
    }
  }
}

mock_provider "google-beta" {
  mock_resource "google_project_service_identity" {
    defaults = { member = "serviceAccount:service-123456789012@gcp-sa-iap.iam.gserviceaccount.com" }
  }
}

variables {
  project_id     = "an-example"
  project_number = "123456789012"
  region         = "europe-west1"
  labels         = { environment = "test" }
  image          = "grafana/grafana@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  query_image    = "gcr.io/prometheus-engine/frontend@sha256:1111111111111111111111111111111111111111111111111111111111111111"
  invokers       = { sre = "group:sre@example.com" }

  dashboards = {
    for path in fileset("../../../dashboards/generated", "*.json") : trimsuffix(path, ".json") => file("../../../dashboards/generated/${path}")
  }
}

run "only_who_is_named_gets_in" {
  assert {
    condition     = google_cloud_run_v2_service.grafana[0].iap_enabled
    error_message = "Nobody asks who is there."
  }

  assert {
    condition = (
      google_cloud_run_v2_service_iam_member.iap[0].role == "roles/run.invoker"
      && google_cloud_run_v2_service_iam_member.iap[0].member == "serviceAccount:service-123456789012@gcp-sa-iap.iam.gserviceaccount.com"
    )
    error_message = "Another than IAP may call Grafana."
  }

  assert {
    condition = { for name, grant in google_iap_web_cloud_run_service_iam_member.person : name => "${grant.role} ${grant.member}" } == {
      sre = "roles/iap.httpsResourceAccessor group:sre@example.com"
    }
    error_message = "IAP lets in others than those who are named."
  }

  # An assertion for another service must be worth nothing here.
  assert {
    condition = jsondecode(one([
      for env in google_cloud_run_v2_service.grafana[0].template[0].containers[0].env : env.value if env.name == "GF_AUTH_JWT_EXPECT_CLAIMS"
    ])) == { aud = "/projects/123456789012/locations/europe-west1/services/puerta-grafana", iss = "https://cloud.google.com/iap" }
    error_message = "Grafana believes assertions that are not for it."
  }

  assert {
    condition = toset([
      for env in google_cloud_run_v2_service.grafana[0].template[0].containers[0].env : "${env.name}=${env.value}"
      if contains(["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION", "GF_AUTH_JWT_ROLE_ATTRIBUTE_PATH"], env.name)
    ]) == toset(["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION=true", "GF_AUTH_JWT_ROLE_ATTRIBUTE_PATH='Viewer'"])
    error_message = "There is an account with the password that everybody knows, or everybody administers."
  }

  assert {
    condition = !anytrue([
      for env in google_cloud_run_v2_service.grafana[0].template[0].containers[0].env : strcontains(env.name, "ANONYMOUS") || strcontains(env.name, "PASSWORD")
    ])
    error_message = "Grafana lets in who is nobody, or who has a password."
  }

  assert {
    condition     = google_project_iam_member.grafana.role == "roles/monitoring.viewer" && google_storage_bucket_iam_member.grafana.role == "roles/storage.objectViewer"
    error_message = "Grafana may do more than read metrics and its files."
  }

  assert {
    condition     = output.url == "https://puerta-grafana-123456789012.europe-west1.run.app"
    error_message = "The URL is not Cloud Run's deterministic one."
  }
}

run "who_administers_is_named" {
  command = plan

  variables {
    admins = ["ana@example.com", "bo@example.com"]
  }

  assert {
    condition = one([
      for env in google_cloud_run_v2_service.grafana[0].template[0].containers[0].env : env.value if env.name == "GF_AUTH_JWT_ROLE_ATTRIBUTE_PATH"
    ]) == "contains(['ana@example.com', 'bo@example.com'], email) && 'Admin' || 'Viewer'"
    error_message = "Other people administer Grafana than those who are named."
  }
}

run "it_shows_the_projects_dashboards" {
  command = plan

  variables {
    kms_key = "projects/an-example/locations/europe-west1/keyRings/puerta/cryptoKeys/puerta"
  }

  assert {
    condition = { for name, object in google_storage_bucket_object.dashboard : object.name => object.content } == {
      for name, text in var.dashboards : "boards/${name}.json" => text
    } && length(var.dashboards) == length(fileset("../../../dashboards/generated", "*.json"))
    error_message = "The dashboards are not those of dashboards/generated."
  }

  # The local Grafana's files and these ones say the same, but for the address and how often metrics come.
  assert {
    condition = alltrue([
      for key in ["name", "uid", "type", "access", "editable"] :
      yamldecode(google_storage_bucket_object.provisioning["datasources/puerta.yaml"].content).datasources[0][key]
      == yamldecode(file("../../../dashboards/provisioning/datasources/prometheus.yaml")).datasources[0][key]
    ])
    error_message = "The dashboards look for another data source."
  }

  assert {
    condition = alltrue([
      for key in ["name", "type", "folder", "folderUid", "allowUiUpdates"] :
      yamldecode(google_storage_bucket_object.provisioning["dashboards/puerta.yaml"].content).providers[0][key]
      == yamldecode(file("../../../dashboards/provisioning/dashboards/puerta.yaml")).providers[0][key]
    ])
    error_message = "The dashboards are in another folder, or can be changed by hand."
  }

  assert {
    condition = (
      yamldecode(google_storage_bucket_object.provisioning["datasources/puerta.yaml"].content).datasources[0].url == "http://localhost:9090"
      && contains(google_cloud_run_v2_service.grafana[0].template[0].containers[1].args, "--web.listen-address=:9090")
      && contains(google_cloud_run_v2_service.grafana[0].template[0].containers[1].args, "--query.project-id=an-example")
      && length(google_cloud_run_v2_service.grafana[0].template[0].containers[1].ports) == 0
      && google_cloud_run_v2_service.grafana[0].template[0].containers[0].depends_on == tolist(["query"])
    )
    error_message = "Grafana does not find Managed Prometheus' API beside it, or everybody does."
  }

  assert {
    condition = (
      google_cloud_run_v2_service.grafana[0].template[0].volumes[0].gcs[0].read_only
      && google_cloud_run_v2_service.grafana[0].template[0].execution_environment == "EXECUTION_ENVIRONMENT_GEN2"
      && google_cloud_run_v2_service.grafana[0].template[0].containers[0].volume_mounts[0].mount_path == "/etc/grafana/provisioning"
    )
    error_message = "The files are not mounted where Grafana looks for them."
  }

  assert {
    condition = (
      google_cloud_run_v2_service.grafana[0].template[0].scaling[0].max_instance_count == 1
      && length(google_cloud_run_v2_service.grafana[0].template[0].containers) == 2 && length(google_project_iam_member.rules) == 0
    )
    error_message = "Two Grafanas would not know each other's sessions; or rules are evaluated that nobody gave."
  }

  assert {
    condition     = google_cloud_run_v2_service.grafana[0].deletion_protection && !google_storage_bucket.provisioning.force_destroy
    error_message = "Nothing protects Grafana and its bucket from being deleted."
  }

  assert {
    condition = (
      google_storage_bucket.provisioning.public_access_prevention == "enforced"
      && google_storage_bucket.provisioning.uniform_bucket_level_access
      && google_storage_bucket.provisioning.versioning[0].enabled
      && google_storage_bucket.provisioning.encryption[0].default_kms_key_name == var.kms_key
      && google_cloud_run_v2_service.grafana[0].template[0].encryption_key == var.kms_key
    )
    error_message = "The bucket is open, forgets, or something is not encrypted with the key."
  }

  assert {
    condition     = google_cloud_run_v2_service.grafana[0].labels == tomap({ environment = "test" }) && google_storage_bucket.provisioning.labels == tomap({ environment = "test" })
    error_message = "Labels are not passed through."
  }
}

run "what_boards_read_is_recorded" {
  command = plan

  variables {
    rules = {
      files = { memory = file("../../../slo/generated/rules/memory.yaml") }
      image = "gcr.io/prometheus-engine/rule-evaluator@sha256:2222222222222222222222222222222222222222222222222222222222222222"
    }
  }

  assert {
    condition     = yamldecode(google_storage_bucket_object.provisioning["rules/objectives/memory.yaml"].content) == yamldecode(var.rules.files["memory"])
    error_message = "The rules are others."
  }

  assert {
    condition = (
      yamldecode(google_storage_bucket_object.provisioning["rules/prometheus.yaml"].content).rule_files[0] == "/etc/grafana/provisioning/rules/objectives/*.yaml"
      && contains(google_cloud_run_v2_service.grafana[0].template[0].containers[2].args, "--config.file=/etc/grafana/provisioning/rules/prometheus.yaml")
      && google_cloud_run_v2_service.grafana[0].template[0].containers[2].volume_mounts[0].mount_path == "/etc/grafana/provisioning"
    )
    error_message = "The evaluator does not find its rules."
  }

  assert {
    condition = google_cloud_run_v2_service.grafana[0].template[0].scaling[0].min_instance_count == 1 && alltrue([
      for container in google_cloud_run_v2_service.grafana[0].template[0].containers : !container.resources[0].cpu_idle
    ])
    error_message = "Rules are evaluated only while somebody looks."
  }

  assert {
    condition     = google_project_iam_member.rules[0].role == "roles/monitoring.metricWriter"
    error_message = "What is recorded can't be written."
  }
}

run "for_an_existing_one" {
  command = plan

  variables {
    image       = null
    query_image = null
    query_url   = "http://prometheus-frontend.monitoring:9090"
  }

  assert {
    condition     = length(google_cloud_run_v2_service.grafana) + length(google_iap_web_cloud_run_service_iam_member.person) + length(google_project_service_identity.iap) == 0
    error_message = "A Grafana is made where there is one."
  }

  assert {
    condition     = output.url == null && output.provisioning_bucket == "an-example-puerta-grafana" && length(google_storage_bucket_object.provisioning) == 2
    error_message = "The existing Grafana does not get its files."
  }

  assert {
    condition     = yamldecode(google_storage_bucket_object.provisioning["datasources/puerta.yaml"].content).datasources[0].url == var.query_url
    error_message = "The existing Grafana's data source is not its own frontend."
  }
}

# Each run puts one fault into each of the variables that it names.
run "refused" {
  command = plan

  variables {
    admins         = ["'] || 'Admin"]
    cpu            = "3"
    dashboards     = { service = "{}" }
    image          = "grafana/grafana:latest"
    invokers       = { everybody = "allUsers" }
    kms_key        = "puerta"
    memory         = "much"
    min_instances  = 2
    name           = "Puerta"
    project_id     = "no"
    project_number = "an-example"
    region         = "Europe"
    scrape_seconds = 1
  }

  expect_failures = [
    var.admins, var.cpu, var.dashboards, var.image, var.invokers, var.kms_key, var.memory, var.min_instances, var.name,
    var.project_id, var.project_number, var.region, var.scrape_seconds,
  ]
}

run "refused_everybody_with_an_account" {
  command = plan

  variables {
    dashboards  = { "Service Board" = "{\"panels\": []}" }
    invokers    = { everybody = "allAuthenticatedUsers" }
    query_image = null
    query_url   = "http://elsewhere:9090"
  }

  expect_failures = [var.dashboards, var.invokers, var.query_image, var.query_url]
}

run "refused_unpinned_frontend" {
  command = plan

  variables {
    query_image = "gcr.io/prometheus-engine/frontend:v0.15.3"
    query_url   = "localhost"
    rules       = { files = {}, image = "gcr.io/prometheus-engine/rule-evaluator:v0.15.3" }
  }

  expect_failures = [var.query_image, var.query_url, var.rules]
}

run "refused_rules_without_groups" {
  command = plan

  variables {
    rules = {
      files = { memory = "{}" }
      image = "gcr.io/prometheus-engine/rule-evaluator@sha256:2222222222222222222222222222222222222222222222222222222222222222"
    }
  }

  expect_failures = [var.rules]
}

run "refused_rules_without_a_grafana" {
  command = plan

  variables {
    image       = null
    query_image = null
    rules = {
      files = {}
      image = "gcr.io/prometheus-engine/rule-evaluator@sha256:2222222222222222222222222222222222222222222222222222222222222222"
    }
  }

  expect_failures = [var.rules]
}
