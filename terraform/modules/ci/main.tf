locals {
  # What a token of GitHub's must say to be taken at all. The owner's number is there beside the name, for a name can be
  # given up and taken by somebody else. A pull request of a fork gets no token from GitHub; `pull_request_target`, which
  # runs with the rights of the branch but on a stranger's word, is on no list.
  repository = "assertion.repository_owner_id == '${var.repository_owner_id}' && assertion.repository == '${var.repository}'"

  # An environment deploys from its own refs alone. A claim that is missing makes the whole condition an error: refused.
  refs = {
    for environment, from in var.environments : environment => [
      for ref in from.refs : endswith(ref, "*") ? "assertion.ref.startsWith('${trimsuffix(ref, "*")}')" : "assertion.ref == '${ref}'"
    ]
  }
  deploys = [
    for environment, refs in local.refs : "(assertion.environment == '${environment}' && (${join(" || ", refs)}))"
  ]

  pool = google_iam_workload_identity_pool.github.name
}

resource "google_iam_workload_identity_pool" "github" {
  project                   = var.project_id
  workload_identity_pool_id = "${var.name}-github"
  display_name              = "GitHub Actions"
  description               = "Workflows of ${var.repository}, without a key that could leak."
}

resource "google_iam_workload_identity_pool_provider" "github" {
  project                            = var.project_id
  workload_identity_pool_id          = google_iam_workload_identity_pool.github.workload_identity_pool_id
  workload_identity_pool_provider_id = "${var.name}-actions"
  display_name                       = "GitHub Actions"
  description                        = "Tokens of ${var.repository} for pull requests and for deployments."

  # `identity` is what the two service accounts are bound to: which of them it is follows from the event, which no
  # workflow can choose. GitHub's subject would not do: a pull request that names an environment has the same.
  attribute_mapping = {
    "google.subject"     = "assertion.sub"
    "attribute.identity" = "assertion.event_name == 'pull_request' ? 'plan' : 'deploy'"
  }

  attribute_condition = join(" && ", [
    local.repository,
    "(assertion.event_name == 'pull_request' || (assertion.event_name in ['push', 'workflow_dispatch'] && (${join(" || ", local.deploys)})))",
  ])

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}
