"""How each kind of panel is drawn, a module each."""
