"""checkov over the HCL, with policies for what it does not know."""
