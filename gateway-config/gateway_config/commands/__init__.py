"""The commands of ``python -m gateway_config``."""
