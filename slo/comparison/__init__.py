"""Our rules beside Sloth's on the same made-up traffic: what each says of it, and whom each wakes."""
