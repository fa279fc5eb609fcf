"""Faults that are put into a copy of the HCL, each of which some check has to catch."""
