"""What the logged inputs and the late labels say: drift, quality, and how complete both are."""
