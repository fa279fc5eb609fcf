resource "google_project_service" "api" {
  for_each = var.apis

  project = var.project_id
  service = each.value

  # Other things of the project may use it, and what it still holds would go with it.
  disable_on_destroy = false
}
