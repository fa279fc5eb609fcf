"""A stand-in for the Google provider: its schema out of published wheels, served to the stock terraform binary."""
