"""Counting in BigQuery, where Cloud Logging puts what a container logs."""
