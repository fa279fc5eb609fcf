"""Counting in Spark, where a log outgrows one machine."""
