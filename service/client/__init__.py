"""The client: a file of instances through the gateway, answered row by row."""
