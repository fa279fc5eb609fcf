"""Runs at their time, and what the newest reports say as metrics."""
