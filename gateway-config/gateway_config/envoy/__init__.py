"""Envoy's configuration as plain data, and Envoy itself: started, asked, changed while it runs."""
