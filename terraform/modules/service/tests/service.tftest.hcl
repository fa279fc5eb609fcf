mock_provider "google" {
  mock_resource "google_secret_manager_secret_version" {
    defaults = { version = "7" }
  }

  mock_resource "google_service_account" {
    defaults = {
      email  = "puerta-service@puerta-test.iam.gserviceaccount.com"
      member = "serviceAccount:puerta-service@puerta-test.iam.gserviceaccount.com"
    }
  }
}

variables {
  project_id     = "puerta-test"
  project_number = "123456789012"
  region         = "europe-west1"
  image          = "europe-west1-docker.pkg.dev/puerta-test/puerta/service@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  invokers       = { gateway = "serviceAccount:puerta-gateway@puerta-test.iam.gserviceaccount.com" }
}

run "only_the_gateway_may_call" {
  command = plan

  assert {
    condition = google_cloud_run_v2_service_iam_binding.invokers[0].members == toset([
      "serviceAccount:puerta-gateway@puerta-test.iam.gserviceaccount.com"
    ]) && google_cloud_run_v2_service_iam_binding.invokers[0].role == "roles/run.invoker"
    error_message = "Exactly the invokers may call the service."
  }

  assert {
    condition     = google_cloud_run_v2_service.service.invoker_iam_disabled == false
    error_message = "IAM has to be asked; without that check the service is public."
  }
}

run "nobody_may_call_where_nobody_is_named" {
  command = plan

  variables {
    invokers = {}
  }

  assert {
    condition     = length(google_cloud_run_v2_service_iam_binding.invokers) == 0
    error_message = "Without invokers there is no binding."
  }
}

run "what_runs" {
  command = plan

  assert {
    condition     = google_cloud_run_v2_service.service.name == "puerta" && google_cloud_run_v2_service.service.location == "europe-west1"
    error_message = "The service is called puerta, as the alerts expect, and is in the region that was given."
  }

  assert {
    condition     = google_cloud_run_v2_service.service.deletion_protection
    error_message = "The service is protected against deletion unless that is lifted."
  }

  assert {
    condition     = output.service_url == "https://puerta-123456789012.europe-west1.run.app"
    error_message = "The URL is known before there is a service."
  }

  assert {
    condition = [for container in google_cloud_run_v2_service.service.template[0].containers : container.image] == [
      var.image
    ]
    error_message = "The image that was given runs, and without sidecars nothing else."
  }

  assert {
    condition = (
      google_cloud_run_v2_service.service.template[0].containers[0].startup_probe[0].http_get[0].path == "/health/ready" &&
      google_cloud_run_v2_service.service.template[0].containers[0].startup_probe[0].http_get[0].port == 9101
    )
    error_message = "An instance gets requests once its models are loaded."
  }

  assert {
    condition = (
      google_cloud_run_v2_service.service.template[0].containers[0].liveness_probe[0].http_get[0].path == "/health/live" &&
      google_cloud_run_v2_service.service.template[0].containers[0].liveness_probe[0].http_get[0].port == 9101
    )
    error_message = "An instance that hangs is ended."
  }

  assert {
    condition     = google_cloud_run_v2_service.service.template[0].containers[0].ports[0].container_port == 8001
    error_message = "Requests go to the API's port, never to that of the metrics."
  }

  assert {
    condition = google_cloud_run_v2_service.service.template[0].containers[0].resources[0].limits == tomap({
      cpu = "1", memory = "512Mi"
    })
    error_message = "The memory is twice the objective, and no more."
  }

  assert {
    condition     = google_cloud_run_v2_service.service.template[0].containers[0].resources[0].cpu_idle
    error_message = "Without sidecars nothing is done between requests, so nothing is paid for it."
  }

  assert {
    condition = tomap({ for env in google_cloud_run_v2_service.service.template[0].containers[0].env : env.name => env.value }) == tomap({
      PUERTA_DRAIN_SECONDS   = "3"
      PUERTA_EVENTS_DIR      = "-"
      PUERTA_GRACE_SECONDS   = "6"
      PUERTA_HOST            = "0.0.0.0"
      PUERTA_LABELS_DIR      = "-"
      PUERTA_MAX_CONCURRENCY = "80"
      PUERTA_METRICS_PORT    = "9101"
    })
    error_message = "Events and labels go to standard output, models come from the image, no traces are sent, and there is no gateway token."
  }

  assert {
    condition = (
      google_cloud_run_v2_service.service.template[0].scaling[0].min_instance_count == 1 &&
      google_cloud_run_v2_service.service.template[0].scaling[0].max_instance_count == 10
    )
    error_message = "One instance is always there, or metrics are missing."
  }

  assert {
    condition     = length(google_project_iam_member.service) + length(google_storage_bucket_iam_member.models) == 0
    error_message = "Without sidecars and a bucket the account may do nothing."
  }

  assert {
    condition     = length(google_secret_manager_secret.configuration) == 0
    error_message = "Without sidecars there is no configuration of them."
  }
}

run "models_from_a_bucket" {
  command = plan

  variables {
    models = { bucket = "puerta-test-models", prefix = "models/2026-11-01" }
  }

  assert {
    condition = (
      google_cloud_run_v2_service.service.template[0].volumes[0].gcs[0].bucket == "puerta-test-models" &&
      google_cloud_run_v2_service.service.template[0].volumes[0].gcs[0].read_only &&
      contains(google_cloud_run_v2_service.service.template[0].volumes[0].gcs[0].mount_options, "only-dir=models/2026-11-01")
    )
    error_message = "The folder of this version is mounted, read-only, and no other."
  }

  assert {
    condition = (
      google_cloud_run_v2_service.service.template[0].containers[0].volume_mounts[0].mount_path == "/models" &&
      contains([for env in google_cloud_run_v2_service.service.template[0].containers[0].env : "${env.name}=${coalesce(env.value, "-")}"], "PUERTA_MODELS_DIR=/models") &&
      google_cloud_run_v2_service.service.template[0].execution_environment == "EXECUTION_ENVIRONMENT_GEN2"
    )
    error_message = "The service is told where its models are, in the environment that can mount them."
  }

  assert {
    condition     = google_storage_bucket_iam_member.models[0].role == "roles/storage.objectViewer" && google_storage_bucket_iam_member.models[0].bucket == "puerta-test-models"
    error_message = "The account may read the bucket's objects, and no more."
  }
}

run "sidecars" {
  command = apply

  variables {
    metrics = { image = "us-docker.pkg.dev/google/metrics@sha256:1111111111111111111111111111111111111111111111111111111111111111" }
    traces  = { image = "us-docker.pkg.dev/google/traces@sha256:2222222222222222222222222222222222222222222222222222222222222222" }
  }

  assert {
    condition     = [for container in google_cloud_run_v2_service.service.template[0].containers : container.name] == ["service", "metrics", "traces"]
    error_message = "Beside the service run the two sidecars."
  }

  assert {
    condition     = alltrue([for container in google_cloud_run_v2_service.service.template[0].containers : container.resources[0].cpu_idle == false])
    error_message = "Metrics are scraped and spans sent while no request is under way: every container has its CPU all the time."
  }

  assert {
    condition = [for container in google_cloud_run_v2_service.service.template[0].containers : container.depends_on if container.name != "service"] == [
      tolist(["service"]), tolist(["service"])
    ]
    error_message = "The sidecars start after the service: it is ready sooner, and there is something to scrape."
  }

  assert {
    condition = alltrue([
      for container in google_cloud_run_v2_service.service.template[0].containers : length(container.ports) == 0 if container.name != "service"
    ])
    error_message = "Only one container of an instance gets requests."
  }

  assert {
    condition = tomap({ for container in google_cloud_run_v2_service.service.template[0].containers : container.name => tolist(container.volume_mounts)[0].mount_path if container.name != "service" }) == tomap({
      metrics = "/etc/rungmp"
      traces  = "/etc/otelcol-google"
    })
    error_message = "Each sidecar finds its configuration where it looks for it."
  }

  assert {
    condition = alltrue([
      for volume in google_cloud_run_v2_service.service.template[0].volumes :
      volume.secret[0].items[0].version == "7" &&
      volume.secret[0].items[0].path == "config.yaml"
    ])
    error_message = "A revision names the version of its configuration, never the latest."
  }

  assert {
    condition = (
      yamldecode(local.sidecars["metrics"].configuration).spec.endpoints[0].port == 9101 &&
      yamldecode(local.sidecars["metrics"].configuration).metadata.name == "service"
    )
    error_message = "The service's metrics port is scraped, as the job that rules and alerts know."
  }

  assert {
    condition     = !can(yamldecode(local.sidecars["metrics"].configuration).spec.endpoints[0].metricRelabeling)
    error_message = "Metrics keep their names."
  }

  assert {
    condition = contains([
      for env in google_cloud_run_v2_service.service.template[0].containers[0].env : "${env.name}=${coalesce(env.value, "-")}"
      ], "PUERTA_OTLP_ENDPOINT=http://${
      yamldecode(local.sidecars["traces"].configuration).receivers.otlp.protocols.http.endpoint
    }/v1/traces")
    error_message = "The service sends its spans to where the collector listens."
  }

  assert {
    condition = alltrue(flatten([
      for name, pipeline in yamldecode(local.sidecars["traces"].configuration).service.pipelines : [
        for part in ["receivers", "processors", "exporters"] : [
          for used in pipeline[part] : contains(keys(yamldecode(local.sidecars["traces"].configuration)[part]), used)
        ]
      ]
    ]))
    error_message = "The collector refuses a pipeline with a part that is not there."
  }

  assert {
    condition = toset(keys(google_project_iam_member.service)) == toset([
      "roles/logging.logWriter", "roles/monitoring.metricWriter", "roles/telemetry.tracesWriter"
    ])
    error_message = "The account may write metrics, logs and traces, and nothing else in the project."
  }

  assert {
    condition     = alltrue([for version in google_secret_manager_secret_version.configuration : version.deletion_policy == "ABANDON"])
    error_message = "Older revisions need the versions that they name."
  }

  assert {
    condition = alltrue([
      for name, version in google_secret_manager_secret_version.configuration :
      tonumber(version.secret_data_wo_version) == parseint(substr(sha256(local.sidecars[name].configuration), 0, 7), 16) && version.secret_data == null
    ])
    error_message = "Another configuration makes another version, and a plan reads none."
  }
}

run "a_second_region_of_the_same_project" {
  command = plan

  variables {
    region      = "us-central1"
    global_name = "puerta-us"
    metrics     = { image = "us-docker.pkg.dev/google/metrics@sha256:1111111111111111111111111111111111111111111111111111111111111111" }
  }

  assert {
    condition = (
      google_cloud_run_v2_service.service.name == "puerta" &&
      google_service_account.service.account_id == "puerta-us-service" &&
      google_secret_manager_secret.configuration["metrics"].secret_id == "puerta-us-metrics"
    )
    error_message = "The service has the same name in every region; what is unique in a project has not."
  }
}

run "encrypted_with_a_key_of_one_s_own" {
  command = plan

  variables {
    kms_key = "projects/puerta-test/locations/europe-west1/keyRings/puerta/cryptoKeys/puerta"
    metrics = { image = "us-docker.pkg.dev/google/metrics@sha256:1111111111111111111111111111111111111111111111111111111111111111" }
  }

  assert {
    condition     = google_cloud_run_v2_service.service.template[0].encryption_key == var.kms_key
    error_message = "The images are encrypted with the key."
  }

  assert {
    condition = (
      google_secret_manager_secret.configuration["metrics"].replication[0].user_managed[0].replicas[0].customer_managed_encryption[0].kms_key_name == var.kms_key &&
      google_secret_manager_secret.configuration["metrics"].replication[0].user_managed[0].replicas[0].location == "europe-west1"
    )
    error_message = "The configuration is encrypted with the key, in its region."
  }
}

run "through_a_network" {
  command = plan

  variables {
    vpc = {
      network    = "projects/puerta-test/global/networks/puerta"
      subnetwork = "projects/puerta-test/regions/europe-west1/subnetworks/puerta"
      egress     = "ALL_TRAFFIC"
    }
  }

  assert {
    condition = (
      google_cloud_run_v2_service.service.template[0].vpc_access[0].egress == "ALL_TRAFFIC" &&
      google_cloud_run_v2_service.service.template[0].vpc_access[0].network_interfaces[0].subnetwork == var.vpc.subnetwork
    )
    error_message = "All that the service asks for itself leaves through the network."
  }
}

run "secrets_and_settings" {
  command = plan

  variables {
    environment = { PUERTA_LOG_LEVEL = "warning" }
    labels      = { environment = "test" }
    secrets     = { PUERTA_OTLP_HEADERS = { secret = "projects/shared-test/secrets/headers", version = "3" } }
  }

  assert {
    condition = [
      for env in google_cloud_run_v2_service.service.template[0].containers[0].env :
      "${env.value_source[0].secret_key_ref[0].secret}/${env.value_source[0].secret_key_ref[0].version}" if env.name == "PUERTA_OTLP_HEADERS"
    ] == ["projects/shared-test/secrets/headers/3"]
    error_message = "A secret is named with its version, and its value is nowhere."
  }

  assert {
    condition = (
      google_secret_manager_secret_iam_member.secret["PUERTA_OTLP_HEADERS"].project == "shared-test" &&
      google_secret_manager_secret_iam_member.secret["PUERTA_OTLP_HEADERS"].secret_id == "headers" &&
      google_secret_manager_secret_iam_member.secret["PUERTA_OTLP_HEADERS"].role == "roles/secretmanager.secretAccessor"
    )
    error_message = "The account may read this secret, where it is, and no other."
  }

  assert {
    condition = contains([
      for env in google_cloud_run_v2_service.service.template[0].containers[0].env : "${env.name}=${coalesce(env.value, "-")}"
    ], "PUERTA_LOG_LEVEL=warning")
    error_message = "Further settings reach the service."
  }

  assert {
    condition = (
      google_cloud_run_v2_service.service.labels == tomap({ environment = "test" }) &&
      google_cloud_run_v2_service.service.template[0].labels == tomap({ environment = "test" })
    )
    error_message = "Labels reach the service and its revisions, for the bill."
  }
}
