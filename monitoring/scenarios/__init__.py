"""Windows with a known truth, drawn from a packaged reference, and what our rule and others' make of them."""
