"""What Kubernetes and Cloud Run take, as their makers publish it: JSON Schema of the kinds that are deployed, and no other."""
