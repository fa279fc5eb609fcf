# The columns of what the service logs, named and typed as a sink would (monitoring/counting/bigquery/sink.py): names in
# lower case with underscores, numbers of any kind FLOAT.

locals {
  retention_milliseconds = var.retention_days * 24 * 60 * 60 * 1000

  manifests = [for text in values(var.manifests) : jsondecode(text)]

  # Of each feature's column every type that a package gives it; there must be one.
  feature_types = {
    for feature in flatten([for manifest in local.manifests : [
      for feature in manifest.features : {
        column = replace(replace(lower(feature.name), "/[^a-z0-9_]/", "_"), "/^_+/", "")
        type = feature.type == "boolean" ? "BOOLEAN" : (
          anytrue([for value in try(feature.categories, []) : startswith(jsonencode(value), "\"")]) ? "STRING" : "FLOAT"
        )
      }
    ]]) : feature.column => feature.type...
  }
  label_types = toset([
    for manifest in local.manifests :
    anytrue([for value in try(manifest.classes, []) : startswith(jsonencode(value), "\"")]) ? "STRING" : "FLOAT"
  ])

  doubled_columns = [for column, types in local.feature_types : column if length(distinct(types)) > 1]

  label_columns = merge(
    { for name in ["ts", "request_id", "client", "id"] : name => "STRING" },
    { schema = "FLOAT", label = try(one(local.label_types), "FLOAT") },
  )
  event_columns = merge(local.label_columns, { model = "STRING", version = "STRING", probability = "FLOAT" })

  features = {
    name   = "features"
    type   = "RECORD"
    mode   = "NULLABLE"
    fields = [for column, types in local.feature_types : { name = column, type = types[0], mode = "NULLABLE" }]
  }

  timestamp = { name = "timestamp", type = "TIMESTAMP", mode = "NULLABLE" }
  columns = {
    for log, columns in { events = local.event_columns, labels = local.label_columns } :
    log => [for name, type in columns : { name = name, type = type, mode = "NULLABLE" }]
  }
  payload = {
    for log, columns in { events = concat(local.columns.events, [local.features]), labels = local.columns.labels } :
    log => { name = "jsonPayload", type = "RECORD", mode = "NULLABLE", fields = columns }
  }

  is_declared  = length(var.manifests) > 0
  stdout_table = "run_googleapis_com_stdout" # a sink names its table by the log
  clusters = {
    events = ["model", "version", "client"]
    labels = ["id"]
  }
}

# Route "sink": the sink writes to a table that is there already, and adds what columns it lacks.
resource "google_bigquery_table" "stdout" {
  for_each = !local.is_pubsub && local.is_declared ? { stdout = local.stdout_table } : {}

  project             = var.project_id
  dataset_id          = google_bigquery_dataset.log.dataset_id
  table_id            = each.value
  description         = "Predictions and labels of ${var.service_name}, as its log sink writes them"
  labels              = var.labels
  deletion_protection = var.deletion_protection
  clustering          = ["timestamp"] # columns in a record can't be clustered by, and the rest of an entry is never asked for
  schema              = jsonencode([local.timestamp, local.payload.events])

  time_partitioning {
    type          = "DAY"
    field         = "timestamp"
    expiration_ms = local.retention_milliseconds
  }

  dynamic "encryption_configuration" {
    for_each = var.kms_key[*]

    content {
      kms_key_name = encryption_configuration.value
    }
  }

  lifecycle {
    ignore_changes = [schema] # the sink's from now on

    precondition {
      condition     = length(local.doubled_columns) == 0
      error_message = "manifests: ${join(", ", local.doubled_columns)} came with two types, expected one: such models need a service, and a log, each."
    }
    precondition {
      condition     = length(local.label_types) < 2
      error_message = "manifests: models that answer numbers and models that answer text came, expected one kind: the label has one column."
    }
  }
}

# The labels alone, in the shape that the drift job reads; the same name as the table of route "pubsub".
resource "google_bigquery_table" "labels_view" {
  # checkov:skip=CKV_GCP_80: a view holds nothing that could be encrypted
  for_each = google_bigquery_table.stdout

  project             = var.project_id
  dataset_id          = google_bigquery_dataset.log.dataset_id
  table_id            = "labels"
  description         = "Labels of ${var.service_name}"
  labels              = var.labels
  deletion_protection = var.deletion_protection

  view {
    use_legacy_sql = false
    query          = <<-SQL
      SELECT timestamp, jsonPayload
      FROM `${var.project_id}.${google_bigquery_dataset.log.dataset_id}.${each.value.table_id}`
      WHERE jsonPayload.model IS NULL AND jsonPayload.id IS NOT NULL AND jsonPayload.label IS NOT NULL
    SQL
  }
}

# Route "pubsub": nothing but a subscription writes here, and only what is declared.
resource "google_bigquery_table" "log" {
  for_each = local.is_pubsub ? local.clusters : {}

  project             = var.project_id
  dataset_id          = google_bigquery_dataset.log.dataset_id
  table_id            = each.key
  description         = "${title(each.key)} of ${var.service_name}"
  labels              = var.labels
  deletion_protection = var.deletion_protection
  clustering          = each.value
  schema = jsonencode(concat(
    [for column in each.value : { name = column, type = "STRING", mode = "NULLABLE" }],
    [local.timestamp, local.payload[each.key]],
  ))

  time_partitioning {
    type          = "DAY"
    field         = "timestamp"
    expiration_ms = local.retention_milliseconds
  }

  dynamic "encryption_configuration" {
    for_each = var.kms_key[*]

    content {
      kms_key_name = encryption_configuration.value
    }
  }

  lifecycle {
    precondition {
      condition     = length(local.doubled_columns) == 0
      error_message = "manifests: ${join(", ", local.doubled_columns)} came with two types, expected one: such models need a service, and a log, each."
    }
    precondition {
      condition     = length(local.label_types) < 2
      error_message = "manifests: models that answer numbers and models that answer text came, expected one kind: the label has one column."
    }
  }
}
