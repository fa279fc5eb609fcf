"""How far counts are from the reference's, and whether that matters."""
