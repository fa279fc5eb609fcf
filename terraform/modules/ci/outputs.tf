output "deploy_service_account" {
  description = "Who deploys: the GitHub environment's variable GCP_DEPLOY_ACCOUNT."
  value       = google_service_account.deploy.email
}

output "plan_service_account" {
  description = "Who plans: the variable GCP_PLAN_ACCOUNT."
  value       = google_service_account.plan.email
}

output "workload_identity_provider" {
  description = "The provider's full name: the variable GCP_WORKLOAD_IDENTITY_PROVIDER."
  value       = google_iam_workload_identity_pool_provider.github.name
}
