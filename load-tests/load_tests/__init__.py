"""Load tests and benchmarks: what the platform holds, and what each part of it costs."""
