"""The deployment on GCP, and the tool that checks it without a cloud: ``python -m terraform``."""
