"""The reports as pages for people: self-contained HTML beside each JSON file, and an index of them."""
