"""Open Inference Protocol v2 with the binary tensor extension, as KServe and Triton clients speak it."""
