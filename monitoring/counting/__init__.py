"""From log lines to counts: what was asked and answered, by hour."""
