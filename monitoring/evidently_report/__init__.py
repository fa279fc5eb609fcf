"""Evidently's own report beside ours, from a sample that is as exact as the counts, in a process of its own."""
