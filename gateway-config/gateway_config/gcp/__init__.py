"""What GCP API Gateway is given, and how far it holds the policy."""
