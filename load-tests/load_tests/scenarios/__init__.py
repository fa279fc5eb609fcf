"""Scenarios: a load as data, the whole platform under it, and whether it kept its objectives."""
