"""What the access log tells, as Prometheus metrics."""
