resource "google_service_account" "plan" {
  project      = var.project_id
  account_id   = "${var.name}-ci-plan"
  display_name = "CI, plan"
  description  = "Reads what is deployed, to show what a pull request would change."
}

resource "google_service_account" "deploy" {
  project      = var.project_id
  account_id   = "${var.name}-ci-deploy"
  display_name = "CI, deploy"
  description  = "Pushes images and applies Terraform, from the refs of ${join(", ", keys(var.environments))}."
}

# Nobody else may become one of them: no key is ever made.
resource "google_service_account_iam_member" "plan" {
  service_account_id = google_service_account.plan.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/${local.pool}/attribute.identity/plan"
}

resource "google_service_account_iam_member" "deploy" {
  service_account_id = google_service_account.deploy.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/${local.pool}/attribute.identity/deploy"
}
