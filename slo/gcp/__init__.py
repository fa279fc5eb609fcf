"""The specs as Google Cloud Monitoring has them: alert policies and service level objectives, as JSON for Terraform."""
