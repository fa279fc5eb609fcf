# A tag is never moved, so that it says what was built. What is deployed is named by digest all the same.
resource "google_artifact_registry_repository" "images" {
  project                = var.project_id
  location               = var.region
  repository_id          = var.name
  description            = "Images of the platform: service, monitoring, gateway."
  format                 = "DOCKER"
  kms_key_name           = var.kms_key
  labels                 = var.labels
  cleanup_policy_dry_run = false

  docker_config {
    immutable_tags = true
  }

  # Keeping wins over deleting. What runs has to be among these: a revision pulls its image again whenever it starts.
  cleanup_policies {
    id     = "keep-recent"
    action = "KEEP"
    most_recent_versions {
      keep_count = var.images_kept
    }
  }

  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"
    condition {
      tag_state  = "ANY"
      older_than = "${90 * 24 * 3600}s"
    }
  }

  cleanup_policies {
    id     = "delete-untagged"
    action = "DELETE"
    condition {
      tag_state  = "UNTAGGED"
      older_than = "${7 * 24 * 3600}s"
    }
  }

  depends_on = [module.apis]
}

# Production runs what was tested elsewhere, by the very digest: it pulls from here.
resource "google_artifact_registry_repository_iam_member" "readers" {
  for_each = var.readers

  project    = var.project_id
  location   = google_artifact_registry_repository.images.location
  repository = google_artifact_registry_repository.images.repository_id
  role       = "roles/artifactregistry.reader"
  member     = each.value
}
