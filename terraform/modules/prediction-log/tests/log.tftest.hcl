# What the log is made of, on both routes.

mock_provider "google" {}

mock_provider "google-beta" {}

variables {
  project_id = "my-project"
  location   = "EU"
  manifests = {
    "flight-delay/1" = <<-JSON
      {
        "features": [
          {"name": "OPERA", "type": "categorical", "categories": ["Grupo LATAM", "Sky Airline"]},
          {"name": "MES", "type": "categorical", "categories": [7, 12]},
          {"name": "is late?", "type": "boolean"},
          {"name": "_Distance", "type": "number", "range": [0, 20000]}
        ],
        "classes": [0, 1]
      }
    JSON
  }
}

run "sink" {
  command = plan

  assert {
    condition     = google_logging_project_sink.log.destination == "bigquery.googleapis.com/projects/my-project/datasets/puerta"
    error_message = "The sink does not write to the dataset."
  }
  assert {
    condition     = google_logging_project_sink.log.unique_writer_identity && one(google_logging_project_sink.log.bigquery_options).use_partitioned_tables
    error_message = "The sink has no writer of its own, or makes a table a day."
  }
  assert {
    condition = google_logging_project_sink.log.filter == join("\n", [
      "resource.type=\"cloud_run_revision\"",
      "resource.labels.service_name=\"puerta\"",
      "log_id(\"run.googleapis.com/stdout\")",
      "jsonPayload.schema=1",
      "jsonPayload.id:*",
    ])
    error_message = "The sink's filter is another."
  }
  assert {
    condition     = google_logging_project_exclusion.log["log"].filter == google_logging_project_sink.log.filter
    error_message = "What is left out of _Default is not what the sink has."
  }
  assert {
    condition     = google_bigquery_dataset_iam_member.sink["sink"].role == "roles/bigquery.dataEditor" && google_bigquery_dataset_iam_member.sink["sink"].dataset_id == "puerta"
    error_message = "The sink may not write to its dataset, or more than that."
  }
  assert {
    condition     = length(google_pubsub_topic.log) + length(google_pubsub_subscription.log) + length(google_bigquery_table.log) == 0
    error_message = "There are parts of the other route."
  }
  assert {
    condition     = output.table == "my-project.puerta.run_googleapis_com_stdout" && output.labels_table == "my-project.puerta.labels"
    error_message = "The drift job is told other tables: ${output.table}, ${output.labels_table}."
  }
}

run "table" {
  command = plan

  assert {
    condition     = google_bigquery_table.stdout["stdout"].table_id == "run_googleapis_com_stdout"
    error_message = "The sink would not find this table."
  }
  assert {
    condition = google_bigquery_table.stdout["stdout"].time_partitioning == tolist([merge(google_bigquery_table.stdout["stdout"].time_partitioning[0], {
      type = "DAY", field = "timestamp", expiration_ms = 400 * 86400000
    })])
    error_message = "The table is not partitioned by the day, or keeps another number of days."
  }
  assert {
    condition     = google_bigquery_table.stdout["stdout"].clustering == tolist(["timestamp"])
    error_message = "The table is not clustered."
  }
  assert {
    condition     = google_bigquery_table.stdout["stdout"].deletion_protection && !google_bigquery_dataset.log.delete_contents_on_destroy
    error_message = "The log can be deleted."
  }
  assert {
    condition = {
      for field in jsondecode(google_bigquery_table.stdout["stdout"].schema)[1].fields : field.name => field.type
      } == {
      ts    = "STRING", request_id = "STRING", client = "STRING", id = "STRING", model = "STRING", version = "STRING"
      label = "FLOAT", probability = "FLOAT", schema = "FLOAT", features = "RECORD"
    }
    error_message = "The columns are not those of the log's lines."
  }
  assert {
    condition = {
      for field in one([for column in jsondecode(google_bigquery_table.stdout["stdout"].schema)[1].fields : column if column.name == "features"]).fields : field.name => field.type
    } == { opera = "STRING", mes = "FLOAT", is_late_ = "BOOLEAN", distance = "FLOAT" }
    error_message = "The features' columns are not named and typed as a sink would."
  }
}

run "dataset" {
  command = plan

  assert {
    condition     = google_bigquery_dataset.log.location == "EU" && google_bigquery_dataset.log.default_partition_expiration_ms == 400 * 86400000
    error_message = "The dataset is elsewhere, or tables that the sink makes stay for ever."
  }
  assert {
    condition     = [for entry in google_bigquery_dataset.log.access : entry.special_group] == ["projectOwners"]
    error_message = "Others than the project's owners get at the dataset from the start."
  }
}

run "the_sink_makes_its_table" {
  command = plan

  variables {
    manifests = {}
  }

  assert {
    condition     = length(google_bigquery_table.stdout) + length(google_bigquery_table.labels_view) == 0
    error_message = "A table without known columns."
  }
  assert {
    condition     = output.labels_table == output.table
    error_message = "The drift job is told a table of labels that is not there."
  }
}

run "pubsub" {
  command = plan

  variables {
    route = "pubsub"
  }

  assert {
    condition     = google_logging_project_sink.log.destination == "pubsub.googleapis.com/projects/my-project/topics/puerta-log" && length(google_logging_project_sink.log.bigquery_options) == 0
    error_message = "The sink does not write to the topic."
  }
  assert {
    condition     = google_pubsub_topic_iam_member.sink["log"].role == "roles/pubsub.publisher" && length(google_bigquery_dataset_iam_member.sink) == 0
    error_message = "The sink's writer may do something else than publish."
  }
  assert {
    condition = { for name, subscription in google_pubsub_subscription.log : name => subscription.bigquery_config[0].table } == {
      events = output.table
      labels = output.labels_table
    }
    error_message = "The tables that are written are not those that are read."
  }
  assert {
    condition = alltrue([
      for subscription in google_pubsub_subscription.log :
      subscription.bigquery_config[0].use_table_schema && subscription.bigquery_config[0].drop_unknown_fields
    ])
    error_message = "Messages would be written as one text, or lost for a field more."
  }
  assert {
    condition     = { for name, subscription in google_pubsub_subscription.log : name => subscription.message_transforms[0].javascript_udf[0].function_name } == { events = "prediction", labels = "label" }
    error_message = "Entries go to the wrong table."
  }
  assert {
    condition     = alltrue([for subscription in concat(values(google_pubsub_subscription.log), values(google_pubsub_subscription.dead)) : subscription.expiration_policy[0].ttl == ""])
    error_message = "A subscription ends after 31 idle days."
  }
  assert {
    condition     = toset([for member in google_bigquery_table_iam_member.pubsub : member.table_id]) == toset(["events", "labels"])
    error_message = "Pub/Sub may not write to its tables."
  }
  assert {
    condition     = google_pubsub_topic_iam_member.dead["log"].role == "roles/pubsub.publisher" && toset([for member in google_pubsub_subscription_iam_member.dead : member.role]) == toset(["roles/pubsub.subscriber"])
    error_message = "Dead letters can't be passed on."
  }
  assert {
    condition = {
      for name, table in google_bigquery_table.log : name => [table.clustering, one(table.time_partitioning).field, one(table.time_partitioning).expiration_ms, table.deletion_protection]
      } == {
      events = [tolist(["model", "version", "client"]), "timestamp", 34560000000, true]
      labels = [tolist(["id"]), "timestamp", 34560000000, true]
    }
    error_message = "The tables are not partitioned, clustered and protected."
  }
}

run "encrypted" {
  command = plan

  variables {
    route   = "pubsub"
    kms_key = "projects/my-project/locations/europe/keyRings/puerta/cryptoKeys/puerta"
  }

  assert {
    condition = alltrue([
      for key in concat(
        [for table in google_bigquery_table.log : one(table.encryption_configuration).kms_key_name],
        [one(google_bigquery_dataset.log.default_encryption_configuration).kms_key_name],
        [google_pubsub_topic.log["log"].kms_key_name, google_pubsub_topic.dead["log"].kms_key_name],
      ) : key == var.kms_key
    ])
    error_message = "Something is not encrypted with the key."
  }
}

run "unprotected" {
  command = plan

  variables {
    deletion_protection = false
    keep_in_logging     = true
    name                = "puerta-dev"
    readers             = { analysts = "group:data@example.com" }
  }

  assert {
    condition     = google_bigquery_dataset.log.delete_contents_on_destroy && !google_bigquery_table.stdout["stdout"].deletion_protection
    error_message = "What shall go can't be deleted."
  }
  assert {
    condition     = length(google_logging_project_exclusion.log) == 0
    error_message = "Entries are left out of _Default."
  }
  assert {
    condition     = output.table == "my-project.puerta_dev.run_googleapis_com_stdout"
    error_message = "A dataset's name can't have hyphens."
  }
  assert {
    condition     = google_bigquery_dataset_iam_member.reader["analysts"].role == "roles/bigquery.dataViewer"
    error_message = "A reader may do more than read, or nothing."
  }
}
