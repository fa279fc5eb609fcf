"""Model packages: how they are trained, written, verified and read."""
