"""The release of a new revision on Cloud Run, a part of the traffic at a time, taken back when it burns the error budgets."""
