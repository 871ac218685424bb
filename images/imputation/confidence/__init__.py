"""How sure a filled cell is, learned out of fold."""
