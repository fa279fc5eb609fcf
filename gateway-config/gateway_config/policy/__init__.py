"""The policy: its types, read from its file, with everything that is wrong with it."""
