"""How right the predictions were, as far as labels have come."""
