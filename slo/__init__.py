"""Service level objectives as code: specs in; Prometheus rules, alerts and the tests that prove them out."""
