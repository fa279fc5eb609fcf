"""The gateway policy: who may call what, and the gateways' configurations rendered from it."""
