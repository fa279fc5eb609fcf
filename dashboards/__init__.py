"""Grafana dashboards, built from the objectives and the metrics of the parts."""
