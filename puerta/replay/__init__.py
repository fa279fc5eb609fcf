"""A year of real flights through the gateway, a month a short day: what a demonstration shows."""
