"""A static page of each dashboard, drawn from a live Prometheus for those without a Grafana."""
