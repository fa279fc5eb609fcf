"""Keys: made, kept as hashes, ended."""
