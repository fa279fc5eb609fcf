"""Other servers that people use, beside Puerta: the same model, the same flights, in one run."""
