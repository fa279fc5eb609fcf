"""HCL without a terraform binary: read, and held to the provider's schema."""
