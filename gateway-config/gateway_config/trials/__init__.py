"""Does the policy hold? The conformance table and the storm, at a gateway made for them."""
